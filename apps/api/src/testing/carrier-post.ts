import { request } from 'node:http'
import { signTwilioUrl } from '@phonevoice/carriers'
import { ORIGIN, SANDBOX } from './test-server.ts'

export interface CarrierPost {
  authToken?: string
  /** Sent instead of the right one; null: none; several: a header line each. */
  signature?: string | string[] | null
  headers?: Record<string, string>
  /** Default POST. */
  method?: string
}

/** The signature of the carrier for a form that is sent to a path of ours. */
export function carrierSignature(
  path: string,
  fields: Record<string, string>,
  { authToken = SANDBOX.authToken, origin = ORIGIN } = {},
): string {
  return signTwilioUrl(authToken, origin + path, new URLSearchParams(fields))
}

/** Posts what the carrier posts: signed for our public origin, sent to wherever the server really is, byte for byte as given. */
export function postAsCarrier(
  serverUrl: string,
  path: string,
  fields: Record<string, string>,
  options: CarrierPost = {},
): Promise<Response> {
  const { authToken, headers, method = 'POST' } = options
  const signature =
    options.signature === undefined
      ? carrierSignature(path, fields, authToken === undefined ? {} : { authToken })
      : options.signature
  const { hostname, port } = new URL(serverUrl)
  return new Promise((resolve, reject) => {
    // Not fetch: it would tidy the path up, and join repeated headers.
    const sent = request(
      {
        hostname,
        port,
        path,
        method,
        headers: {
          'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
          ...(signature === null ? {} : { 'x-twilio-signature': signature }),
          ...headers,
        },
      },
      (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('end', () => {
          const status = answer.statusCode ?? 0
          const body = status === 204 ? null : Buffer.concat(chunks)
          resolve(new Response(body, { status, headers: answer.headers as Record<string, string> }))
        })
      },
    )
    sent.once('error', reject)
    sent.end(method === 'GET' ? undefined : new URLSearchParams(fields).toString())
  })
}
