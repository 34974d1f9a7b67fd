import { Readable } from 'node:stream'
import { AppError, InternalError } from '@phonevoice/base'
import type { RecordingRow } from '@phonevoice/services/recordings'
import type { Context } from 'hono'
import { parseByteRange } from './byte-range.ts'
import type { ApiDependencies, ApiEnv } from './dependencies.ts'

/** A recording's bytes, or the part of them that `Range` asks for. Throws `range_not_satisfiable`. */
export async function serveAudio(
  c: Context<ApiEnv>,
  storage: ApiDependencies['storage'],
  recording: RecordingRow,
): Promise<Response> {
  const { storageKey, sizeBytes } = recording
  if (storageKey === null || sizeBytes === null) throw new InternalError('A finished recording has no audio.')
  const etag = `"${recording.id}"`
  const ifRange = c.req.header('if-range')
  const wanted =
    ifRange === undefined || ifRange === etag ? parseByteRange(c.req.header('range'), sizeBytes) : null
  if (wanted === 'unsatisfiable')
    throw new AppError('range_not_satisfiable', `The recording has ${sizeBytes} bytes.`, {
      context: { rangeSizeBytes: sizeBytes },
    })
  const { start, end } = wanted ?? { start: 0, end: sizeBytes - 1 }
  const headers: Record<string, string> = {
    'Content-Type': 'audio/wav',
    'Content-Length': String(end - start + 1),
    'Content-Disposition': `inline; filename="${recording.callId}.wav"`,
    'Accept-Ranges': 'bytes',
    'Cache-Control': 'private, max-age=3600',
    'X-Content-Type-Options': 'nosniff',
    ETag: etag,
  }
  if (wanted) headers['Content-Range'] = `bytes ${start}-${end}/${sizeBytes}`
  const status = wanted ? 206 : 200
  // The framework drops the body of a HEAD answer; an opened file would stay open.
  if (c.req.method === 'HEAD') return c.body(null, status, headers)
  const stored = await storage.get(storageKey, { start, end })
  if (!stored)
    throw new InternalError('The audio of a recording is not in storage.', { context: { storageKey } })
  return c.body(Readable.toWeb(stored.stream) as ReadableStream, status, headers)
}
