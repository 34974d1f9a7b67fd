/** Test-only: a transcription server for each test, and streams that are open to it. */
import { createTestClock, type TestClock } from '@phonevoice/base'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { SttPart, SttStream } from '../contract/index.ts'
import type { OpenAiRealtimeSttOptions } from '../openai/options.ts'
import { createOpenAiRealtimeStt } from '../openai/realtime-stt.ts'
import {
  sound,
  startTranscriptionServer,
  type TranscriptionServer,
  type VendorSession,
} from './transcription-server.ts'

/** Those of the test that runs. */
export let server: TranscriptionServer
export let clock: TestClock
const opened: SttStream[] = []

export function useTranscriptionServer(): void {
  beforeEach(async () => {
    server = await startTranscriptionServer()
    clock = createTestClock()
  })

  afterEach(async () => {
    for (const stream of opened.splice(0)) stream.close()
    await server.close()
    // Nothing may be left ticking; the closing handshake's own timer goes when the socket has closed.
    await vi.waitFor(() => expect(clock.pendingTimers).toBe(0))
  })
}

export function open(options: Partial<OpenAiRealtimeSttOptions> = {}, keywords: string[] = []) {
  const provider = createOpenAiRealtimeStt({
    apiKey: 'sk-test',
    baseUrl: `${server.origin}/v1`,
    model: 'gpt-live-transcribe',
    clock,
    ...options,
  })
  const parts: SttPart[] = []
  const stream = provider.open({ language: 'en-US', keywords, onPart: (part) => parts.push(part) })
  opened.push(stream)
  return {
    stream,
    parts,
    of: <T extends SttPart['type']>(type: T) =>
      parts.filter((part): part is Extract<SttPart, { type: T }> => part.type === type),
    saw: (part: Partial<SttPart>) =>
      vi.waitFor(() => expect(parts).toContainEqual(expect.objectContaining(part))),
  }
}

export async function openReady(...args: Parameters<typeof open>) {
  const listener = open(...args)
  await listener.saw({ type: 'ready' })
  return listener
}

export function say(stream: SttStream, text: string, itemId?: string): void {
  for (const character of text) stream.sendAudio(sound(character))
  if (itemId !== undefined) stream.commit(itemId)
}

export function session(index = 0): VendorSession {
  const found = server.sessions[index]
  if (!found) throw new Error(`There is no session ${index}.`)
  return found
}

export const typesOf = ({ events }: VendorSession) => events.map(({ type }) => type)
