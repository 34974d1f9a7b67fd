import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readMessages, type StreamMessage } from './sse.ts'

async function read(bytes: Uint8Array[]): Promise<StreamMessage[]> {
  const messages: StreamMessage[] = []
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of bytes) controller.enqueue(chunk)
      controller.close()
    },
  })
  for await (const message of readMessages(body)) messages.push(message)
  return messages
}

it('reads the same messages however the bytes were cut', async () => {
  const text =
    ': hello\n\nid: 7\nevent: call.started\ndata: {"text":"é🎉"}\n\nretry: 5\ndata:a\ndata: b\n\ndata: lost'
  const bytes = Buffer.from(text)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
      const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      expect(await read(chunks)).toEqual([
        { event: 'call.started', data: '{"text":"é🎉"}', id: '7' },
        { event: 'message', data: 'a\nb', id: '7' },
      ])
    }),
  )
})
