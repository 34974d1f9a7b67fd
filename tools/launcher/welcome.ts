import type { Installation } from './launch.ts'

/** The content of `.phonevoice/dev.json`: what scripts need to use a running installation. */
export function devFile({ urls, seed, apps, environment }: Installation, launcherPid: number) {
  return {
    api_url: urls.api,
    media_url: urls.media,
    sandbox_url: urls.sandbox,
    providers_url: urls.providers,
    inbox_url: urls.inbox,
    database_url: environment.DATABASE_URL,
    test_key: seed.testKey,
    assistant_id: seed.assistantId,
    webhook_secret: seed.webhookSecret,
    pids: { launcher: launcherPid, ...Object.fromEntries(apps.map(({ name, pid }) => [name, pid])) },
  }
}

/** What the terminal shows once everything is up. */
export function welcome({ urls, seed }: Installation, startSeconds: number): string {
  return `
PhoneVoice is up after ${startSeconds.toFixed(1)} s.

  API             ${urls.api}   (reference: ${urls.api}/docs)
  Webhook inbox   ${urls.inbox}/inbox
  Test key        ${seed.testKey}
  Demo assistant  ${seed.assistantId}
  Webhook secret  ${seed.webhookSecret}

Make a call:

  curl -X POST ${urls.api}/v1/calls \\
    -H 'Authorization: Bearer ${seed.testKey}' -H 'Content-Type: application/json' \\
    -d '{"phone_number":"+12025550100","assistant_id":"${seed.assistantId}","webhook_url":"${urls.inbox}/hooks/mine"}'
`
}
