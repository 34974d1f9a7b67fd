import type { IncomingMessage } from 'node:http'

/** A request body larger than the server accepts. */
export class BodyTooLarge extends Error {}

/** Reads a whole request body, byte for byte. Throws `BodyTooLarge` beyond `sizeBytesMax`. */
export async function readBody(request: IncomingMessage, sizeBytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > sizeBytesMax) throw new BodyTooLarge(`The body is larger than ${sizeBytesMax} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
