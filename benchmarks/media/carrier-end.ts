/** The far end of every call, in one process of its own: the carrier with its callers, and the stand-in vendors. */
import { encodeMulaw, MULAW_FRAME_BYTES, mulawSilence } from '@phonevoice/audio'
import { encodeSpeech } from '../../apps/sandbox/src/speech/index.ts'
import { serveJobs } from '../harness/serve-jobs.ts'
import { Caller, type CallerAudio, type CallerFigures, type Ticket } from './caller.ts'
import { CALLER_TEXT } from './script.ts'
import { startStandIns } from './stand-ins.ts'

/** One timer for all callers; their frames are due all over the 20 ms. */
const TICK_MS = 2
const FRAME_MS = 20

const audio = makeAudio()
const standIns = await startStandIns()
let callers: Caller[] = []
let figures = newFigures()
setInterval(() => {
  const now = performance.now()
  for (const caller of callers) caller.tick(now)
}, TICK_MS)

serveJobs({
  standInsUrl: () => standIns.url,
  /** Connects callers one after another over `rampMs`; they begin to speak over `spreadMs`. */
  async connect({ tickets, rampMs, spreadMs }: { tickets: Ticket[]; rampMs: number; spreadMs: number }) {
    const joining = tickets.map(async (ticket, index) => {
      const caller = new Caller(ticket, audio, figures)
      await new Promise((resolve) => setTimeout(resolve, (index * rampMs) / tickets.length))
      await caller.connect((index * FRAME_MS) / tickets.length, 300 + (index * spreadMs) / tickets.length)
      callers.push(caller)
    })
    await Promise.all(joining)
  },
  /** Counts for a while, from nothing. */
  async measure({ ms }: { ms: number }): Promise<CallerFigures> {
    Object.assign(figures, newFigures())
    await new Promise((resolve) => setTimeout(resolve, ms))
    return structuredClone(figures)
  },
  leave() {
    for (const caller of callers) caller.leave()
    callers = []
    figures = newFigures()
  },
})

function newFigures(): CallerFigures {
  return {
    voiceToVoiceMs: [],
    answers: 0,
    unanswered: 0,
    gaps: 0,
    gapMs: 0,
    framesSent: 0,
    messagesReceived: 0,
    socketsLost: 0,
  }
}

/** The sandbox's simulated voice: to voice activity it is speech. Its last frame ends with speech, so that the end of speech is where we say. */
function makeAudio(): CallerAudio {
  const mulaw = encodeMulaw(encodeSpeech(CALLER_TEXT, { sampleRateHz: 8000 }))
  const frames: string[] = []
  for (let at = 0; at + MULAW_FRAME_BYTES <= mulaw.length; at += MULAW_FRAME_BYTES)
    frames.push(toBase64(mulaw.subarray(at, at + MULAW_FRAME_BYTES)))
  const silence = toBase64(mulawSilence(FRAME_MS))
  while (frames.at(-1) === silence) frames.pop()
  return { silence, speech: frames }
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
