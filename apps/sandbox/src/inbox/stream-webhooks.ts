import type { ServerResponse } from 'node:http'
import type { Mailbox, ReceivedWebhook } from './mailbox.ts'

/** A reader that does not keep up is cut off at this backlog. */
const BACKLOG_BYTES_MAX = 8 * 1024 * 1024

/** Sends a name's webhooks as server-sent events, those with a number above `after` first, then each as it comes, until the reader leaves. `*` is every name. */
export function streamWebhooks(
  response: ServerResponse,
  mailbox: Mailbox,
  name: string,
  after: number,
): void {
  const send = (webhook: ReceivedWebhook): void => {
    if (name !== '*' && webhook.name !== name) return
    response.write(`id: ${webhook.number}\nevent: webhook\ndata: ${JSON.stringify(webhook)}\n\n`)
    if (response.writableLength > BACKLOG_BYTES_MAX) response.destroy()
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' })
  response.flushHeaders()
  for (const webhook of mailbox.received) if (webhook.number > after) send(webhook)
  response.once('close', mailbox.listen(send))
}
