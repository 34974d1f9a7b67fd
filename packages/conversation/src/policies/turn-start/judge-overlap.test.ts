import { describe, expect, test } from 'vitest'
import { languageFor } from '../../languages/language.ts'
import { wordsOf } from '../../words.ts'
import { judgeOverlap } from './judge-overlap.ts'
import type { OverlappingSpeech } from './policy.ts'

const settings = {
  enabled: true,
  firstMessage: true,
  minSpeechMs: 250,
  minWords: 0,
  ignorePhrases: [],
  stopPhrases: [],
}

function judge(
  text: string,
  change: Partial<OverlappingSpeech> = {},
  set: Partial<OverlappingSpeech['settings']> = {},
) {
  const speech = {
    words: wordsOf(text),
    isFinal: true,
    isParting: false,
    settings: { ...settings, ...set },
    language: languageFor('en'),
  }
  return judgeOverlap({ ...speech, ...change })
}

describe('judgeOverlap', () => {
  test.each(['Mm-hm', 'uh huh', 'Yeah, okay.', 'Right, I see', ''])('lets the agent go on: %j', (text) => {
    expect(judge(text)).toBe('ignore')
  })

  test.each(['No', 'But I wanted Tuesday', 'yeah but no', 'what'])(
    'gives the word to the caller: %j',
    (text) => {
      expect(judge(text)).toBe('interrupt')
    },
  )

  test.each(['Stop', 'wait wait', 'uh hold on please'])('stops at once: %j', (text) => {
    expect(judge(text)).toBe('stop')
  })

  test('gives the beginning of a backchannel the benefit of the doubt, until the words are final', () => {
    expect(judge('I s', { isFinal: false })).toBe('ignore')
    expect(judge('I s')).toBe('interrupt')
  })

  test('requires as many words as the assistant does, except of stop phrases', () => {
    expect(judge('not today', {}, { minWords: 3 })).toBe('ignore')
    expect(judge('not today please', {}, { minWords: 3 })).toBe('interrupt')
    expect(judge('stop', {}, { minWords: 3 })).toBe('stop')
  })

  test("knows the assistant's own phrases, which outrank the language's", () => {
    expect(judge('genau', {}, { ignorePhrases: ['Genau!'] })).toBe('ignore')
    expect(judge('hold on', {}, { ignorePhrases: ['hold on'] })).toBe('ignore')
    expect(judge('okay', {}, { stopPhrases: ['okay'] })).toBe('stop')
  })

  test('takes leave-taking for no turn while the agent takes leave itself', () => {
    expect(judge('bye bye take care')).toBe('interrupt')
    expect(judge('bye bye take care', { isParting: true })).toBe('ignore')
    expect(judge('one more thing', { isParting: true })).toBe('interrupt')
  })
})
