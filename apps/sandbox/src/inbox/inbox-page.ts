import type { ReceivedWebhook } from './mailbox.ts'
import type { Verdict } from './verify-signature.ts'

/** The inbox for people: newest first, no scripts, nothing from elsewhere. `name` null shows all. */
export function renderInboxPage(webhooks: readonly ReceivedWebhook[], name: string | null): string {
  const title = name === null ? 'Webhook inbox' : `Webhook inbox: ${name}`
  const rows = webhooks.toReversed().map(renderWebhook).join('\n')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta http-equiv="refresh" content="5"><title>${escapeHtml(title)}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
article{border:1px solid #ddd;border-radius:6px;padding:.6rem 1rem;margin:.8rem 0}
h1{font-size:1.3rem} h2{font-size:1rem;margin:0} pre{background:#f6f6f6;padding:.6rem;overflow:auto;font-size:13px}
small{color:#666} .valid{color:#0a7a2f} .invalid,.expired{color:#b00020;font-weight:600} .missing,.no-secret{color:#8a6d00}
</style></head>
<body><h1>${escapeHtml(title)}</h1>
<p><small>${webhooks.length} received, newest first. The page looks again every five seconds.</small></p>
${rows || '<p>Nothing has arrived yet. Use the address of this page with <code>/hooks/any-name</code> as a webhook_url.</p>'}
</body></html>
`
}

function renderWebhook(webhook: ReceivedWebhook): string {
  const event = eventName(webhook.json) ?? 'not an event'
  const body = webhook.json === null ? webhook.body : JSON.stringify(webhook.json, null, 2)
  return `<article><h2>${escapeHtml(event)}</h2>
<small>#${webhook.number} · ${escapeHtml(webhook.name)} · ${escapeHtml(webhook.received_at)} · answered ${webhook.answered_status ?? 'nothing'}
 · signature ${badge(webhook.verdicts.signature)} · Standard Webhooks ${badge(webhook.verdicts.standard_webhooks)}</small>
<pre>${escapeHtml(body)}</pre></article>`
}

function eventName(json: unknown): string | null {
  return typeof json === 'object' && json !== null && 'event' in json ? String(json.event) : null
}

function badge(verdict: Verdict): string {
  return `<span class="${verdict}">${verdict}</span>`
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
