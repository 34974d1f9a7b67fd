import { spawn } from 'node:child_process'
import { bytesToPcm, createResampler, parseWav } from '@phonevoice/audio'
import { mixSpeech } from './mix-speech.ts'

export interface AudibleSpeechOptions {
  sampleRateHz: 8000 | 24000
  /** espeak-ng's language, e.g. `en` or `fr`. Default `en`. */
  language?: string
  /** 1 is about 175 words a minute. */
  speed?: number
  signal?: AbortSignal
}

const WORDS_PER_MINUTE = 175
const SPAWN_TIMEOUT_MS = 5000
const WAV_BYTES_MAX = 32 * 1024 * 1024

/** Whether the program could be started, once that is known. */
let isThere: boolean | null = null

/**
 * Real, audible speech made by `espeak-ng`, with the code of its words mixed in so that it can still be read: for people who want to listen
 * to a simulated call. Null when the program is not on the PATH or fails, so that the caller falls back to the code alone.
 */
export async function speakAudibly(text: string, options: AudibleSpeechOptions): Promise<Int16Array | null> {
  if (isThere === false || text.trim() === '') return null
  const wav = await runEspeak(text, options)
  if (!wav) return null
  const { data, sampleRateHz } = parseWav(wav)
  const mixed = mixSpeech(resample(bytesToPcm(data), sampleRateHz, 8000), text)
  return resample(mixed, 8000, options.sampleRateHz)
}

function runEspeak(
  text: string,
  { language, speed, signal }: AudibleSpeechOptions,
): Promise<Uint8Array | null> {
  const rate = Math.round(WORDS_PER_MINUTE * (speed ?? 1))
  return new Promise((resolve) => {
    const child = spawn('espeak-ng', ['--stdin', '--stdout', '-v', language ?? 'en', '-s', String(rate)], {
      stdio: ['pipe', 'pipe', 'ignore'],
      timeout: SPAWN_TIMEOUT_MS,
      ...(signal ? { signal } : {}),
    })
    const chunks: Buffer[] = []
    let sizeBytes = 0
    child.stdout.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length
      if (sizeBytes > WAV_BYTES_MAX) child.kill()
      else chunks.push(chunk)
    })
    child.once('error', (error) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') isThere = false
      resolve(null)
    })
    child.once('close', (code) => resolve(code === 0 ? Buffer.concat(chunks) : null))
    child.stdin.on('error', () => {})
    child.stdin.end(text)
  })
}

function resample(pcm: Int16Array, fromHz: number, toHz: number): Int16Array {
  const resampler = createResampler({ fromHz, toHz })
  const body = resampler.process(pcm)
  const tail = resampler.flush()
  const whole = new Int16Array(body.length + tail.length)
  whole.set(body)
  whole.set(tail, body.length)
  return whole
}
