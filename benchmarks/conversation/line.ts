/**
 * The carrier's end of one media stream. Frames leave as bytes of our own making: a client library would spend most of the generator's time on copying them
 * one by one. Everything else, which is rare, goes through the library.
 */
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { WebSocket } from 'ws'

/** What lets a caller in. */
export interface Ticket {
  url: string
  token: string
  signature: string
  accountSid: string
  carrierCallId: string
}

export interface LineEvents {
  onMedia(base64From: number, base64To: number, message: Buffer): void
  onMark(name: string): void
  onClear(): void
  onLost(): void
}

export interface Line {
  sendFrame(payload: string): void
  returnMark(name: string): void
  /** Says goodbye as the carrier does. */
  close(): void
}

const FRAME_MS = 20
const PAYLOAD = '"payload":"'

/** Opens the stream as the carrier does. */
export async function openLine(ticket: Ticket, events: LineEvents): Promise<Line> {
  const { url, signature, token, accountSid, carrierCallId } = ticket
  let raw: Socket | undefined
  const socket = new WebSocket(url, {
    headers: { 'x-twilio-signature': signature },
    perMessageDeflate: false,
    skipUTF8Validation: true,
    createConnection: () => {
      const { hostname, port } = new URL(url)
      raw = connect(Number(port), hostname).setNoDelay()
      return raw
    },
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let isClosing = false
  socket.on('message', receive)
  socket.on('error', () => {})
  socket.on('close', () => {
    if (!isClosing) events.onLost()
  })
  const streamSid = `MZ${carrierCallId.slice(2)}`
  const mediaFormat = { encoding: 'audio/x-mulaw', sampleRate: 8000, channels: 1 }
  const customParameters = { token }
  const start = {
    accountSid,
    streamSid,
    callSid: carrierCallId,
    tracks: ['inbound'],
    mediaFormat,
    customParameters,
  }
  socket.send('{"event":"connected","protocol":"Call","version":"1.0.0"}')
  socket.send(JSON.stringify({ event: 'start', sequenceNumber: '1', start, streamSid }))
  const mask = randomBytes(4)
  let chunk = 0

  function receive(message: Buffer): void {
    const kind = message.toString('latin1', 0, 16)
    if (kind.startsWith('{"event":"media"')) {
      const from = message.indexOf(PAYLOAD) + PAYLOAD.length
      events.onMedia(from, message.indexOf('"', from), message)
    } else if (kind.startsWith('{"event":"mark"')) {
      events.onMark((JSON.parse(message.toString()) as { mark: { name: string } }).mark.name)
    } else if (kind.startsWith('{"event":"clear"')) events.onClear()
  }

  return {
    sendFrame(payload) {
      chunk++
      if (socket.readyState === WebSocket.OPEN)
        raw?.write(
          textFrame(
            `{"event":"media","sequenceNumber":"${chunk + 1}","media":{"track":"inbound","chunk":"${chunk}","timestamp":"${(chunk - 1) * FRAME_MS}","payload":"${payload}"},"streamSid":"${streamSid}"}`,
            mask,
          ),
        )
    },
    returnMark(name) {
      const text = `{"event":"mark","sequenceNumber":"0","streamSid":"${streamSid}","mark":{"name":${JSON.stringify(name)}}}`
      if (socket.readyState === WebSocket.OPEN) raw?.write(textFrame(text, mask))
    },
    close() {
      isClosing = true
      if (socket.readyState !== WebSocket.OPEN) return
      socket.send(`{"event":"stop","sequenceNumber":"0","stop":{},"streamSid":"${streamSid}"}`)
      socket.close()
    },
  }
}

/** A masked text frame of 126 to 65,535 ASCII characters, or fewer (RFC 6455 §5.2). */
function textFrame(text: string, mask: Uint8Array): Buffer {
  const { length } = text
  const header = length < 126 ? 6 : 8
  const frame = Buffer.allocUnsafe(header + length)
  frame[0] = 0x81
  if (length < 126) frame[1] = 0x80 | length
  else {
    frame[1] = 0x80 | 126
    frame.writeUInt16BE(length, 2)
  }
  frame.set(mask, header - 4)
  frame.write(text, header, 'latin1')
  for (let i = 0; i < length; i++) (frame[header + i] as number) ^= mask[i & 3] as number
  return frame
}
