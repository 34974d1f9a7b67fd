/**
 * Goal: the recording is what was said and heard, each side where and when it was. Method: the words are read back from its audio alone, channel by
 * channel.
 */
import { readdir } from 'node:fs/promises'
import { basename } from 'node:path'
import { decodeMulaw, parseWav } from '@phonevoice/audio'
import { decodeSpeech } from '@phonevoice/sandbox'
import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { type System, startSystem } from './system.ts'

const SAMPLES_PER_MS = 8
/** Far above μ-law's own noise, far below speech. */
const SOUND_MIN = 500

let system: System
beforeAll(async () => {
  system = await startSystem({ serverUrl: inject('postgresUrl') })
})
afterAll(() => system?.stop())

async function listenTo(url: string) {
  const wav = parseWav(new Uint8Array(await (await fetch(url)).arrayBuffer()))
  const channel = (number: 0 | 1) => {
    const mulaw = wav.data.filter((_, index) => index % 2 === number)
    const pcm = decodeMulaw(mulaw)
    return {
      text: decodeSpeech(pcm),
      /** True when there is sound somewhere between these times. */
      sounds: (fromMs: number, toMs: number) =>
        pcm
          .subarray(Math.max(0, fromMs) * SAMPLES_PER_MS, toMs * SAMPLES_PER_MS)
          .some((sample) => Math.abs(sample) > SOUND_MIN),
    }
  }
  return { format: wav, caller: channel(0), assistant: channel(1) }
}

/** Everything in storage whose path names the call. */
async function filesOf(callId: string): Promise<string[]> {
  const names = await readdir(system.installation.environment.STORAGE_DIR ?? '', { recursive: true })
  return names.filter((name) => name.includes(callId)).map((name) => basename(name))
}

describe.concurrent('a recording', () => {
  it('has the caller’s words left and the assistant’s right, at the times of the transcript', async ({
    expect,
  }) => {
    const { call, webhooks, phone } = await (await system.call({ phone_number: '+12025550100' })).completed()
    const { format, caller, assistant } = await listenTo(call.recording_url)
    expect(format).toMatchObject({ encoding: 'mulaw', sampleRateHz: 8000, channels: 2 })
    expect(caller.text).toBe(phone.phone.said.text)
    expect(assistant.text).toBe(phone.phone.heard.text)
    const turns = webhooks.filter(({ json }) => json.event === 'transcription').map(({ json }) => json.data)
    for (const { role, start_ms, end_ms } of turns) {
      const [speaker, listener] = role === 'user' ? [caller, assistant] : [assistant, caller]
      expect(speaker.sounds(start_ms - 250, start_ms + 250), `${role} begins at ${start_ms}`).toBe(true)
      expect(speaker.sounds(end_ms - 300, end_ms + 100), `${role} ends at ${end_ms}`).toBe(true)
      expect(listener.sounds(start_ms + 250, end_ms - 250), `nobody speaks over ${role}`).toBe(false)
    }
  })

  it('breaks off where the caller stopped hearing the assistant', async ({ expect }) => {
    const { call, webhooks, phone } = await (await system.call({ phone_number: '+12025550105' })).completed()
    const { caller, assistant } = await listenTo(call.recording_url)
    expect(caller.text).toBe(phone.phone.said.text)
    const turns = webhooks.filter(({ json }) => json.event === 'transcription').map(({ json }) => json.data)
    const cut = turns.find((turn) => turn.interrupted)
    const interruption = turns[turns.indexOf(cut) + 1]
    const planned: string[] = cut.text_planned.split(' ')
    const recorded = assistant.text.split(' ')
    const from = recorded.indexOf('Once')
    const heard = recorded.slice(from).findIndex((word, index) => word !== planned[index])
    // Give or take the word in which it broke off.
    expect(Math.abs(heard - cut.text.split(' ').length)).toBeLessThanOrEqual(1)
    expect(assistant.text).not.toContain(planned.at(-1))
    expect(assistant.sounds(cut.end_ms + 300, interruption.end_ms), JSON.stringify(turns)).toBe(false)
  })

  it('of a call that is not to be recorded does not exist, nor any byte of its audio', async ({ expect }) => {
    const assistant = await system.createAssistant({ recording: { enabled: false } })
    const recorded = system.call({ phone_number: '+12025550107' })
    const placed = [
      await system.call({ phone_number: '+12025550107', record: false }),
      await system.call({ phone_number: '+12025550107', assistant_id: assistant }),
    ]
    for (const { id, completed } of placed) {
      expect((await completed()).completed.json.data.recording.status).toBe('disabled')
      const { status, body } = await system.api('GET', `/v1/calls/${id}/recording`)
      expect({ status, code: body.code }).toEqual({ status: 404, code: 'recording_unavailable' })
      expect(await filesOf(id)).toEqual([])
    }
    const { id, completed } = await recorded
    await completed()
    expect(await filesOf(id)).toContain('call.wav')
  })
})
