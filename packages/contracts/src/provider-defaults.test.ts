import { expect, test } from 'vitest'
import { DEFAULT_ASSISTANT } from './assistant.ts'
import { mergeAssistant } from './merge-assistant.ts'

const base = { ...DEFAULT_ASSISTANT, name: 'Ada' }

test('a new provider brings its own model and voice', () => {
  const settings = mergeAssistant(base, {
    transcriber: { provider: 'deepgram-flux' },
    voice: { provider: 'openai' },
  })
  expect(settings.transcriber).toMatchObject({ provider: 'deepgram-flux', model: 'flux-general-en' })
  expect(settings.voice).toMatchObject({
    provider: 'openai',
    model: 'gpt-realtime-2.1-mini',
    voice_id: 'marin',
  })
})

test('what the request says about the new provider stands', () => {
  const { voice } = mergeAssistant(base, {
    voice: { provider: 'deepgram', voice_id: 'orion-en', speed: 1.1 },
  })
  expect(voice).toMatchObject({ model: 'aura-2', voice_id: 'orion-en', speed: 1.1 })
})

test('naming the provider one has changes nothing', () => {
  const chosen = mergeAssistant(base, { voice: { model: 'piper', voice_id: 'amy' } })
  expect(mergeAssistant(chosen, { voice: { provider: 'openai-compatible' } }).voice).toEqual(chosen.voice)
})

test('an English recogniser is refused for another language', () => {
  const french = { ...base, language: 'fr-FR' }
  expect(() => mergeAssistant(french, { transcriber: { provider: 'deepgram-flux' } })).toThrow('English only')
  expect(() =>
    mergeAssistant(french, { transcriber: { provider: 'deepgram-flux', model: 'flux-general-multi' } }),
  ).not.toThrow()
})
