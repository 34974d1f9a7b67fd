import { setTimeout as wait } from 'node:timers/promises'
import type { CallReport } from '@phonevoice/sandbox'
import { conversationLines } from './conversation-lines.ts'
import type { SandboxClient } from './sandbox-client.ts'

const POLL_MS = 250
const WORDS = { heard: 'hears', said: 'says', pressed: 'presses' } as const

/** Prints the conversation as the phone hears it until the call has ended; an aborted `signal` hangs up. The sandbox bounds every call by itself. */
export async function followCall(
  sandbox: SandboxClient,
  callSid: string,
  print: (line: string) => void,
  signal: AbortSignal,
): Promise<CallReport> {
  const shown = new Set<string>()
  let wasAnswered = false
  let hasHungUp = false
  for (;;) {
    const report = await sandbox.report(callSid)
    const hasEnded = report.ended_at !== null
    if (report.answered_at !== null && !wasAnswered) {
      wasAnswered = true
      print(line(0, 'answered', ''))
    }
    const lines = report.phone ? conversationLines(report.phone, hasEnded) : []
    for (const { atMs, kind, text } of lines) {
      const key = `${kind} ${atMs}`
      if (!shown.has(key)) print(line(atMs, WORDS[kind], text))
      shown.add(key)
    }
    if (hasEnded) return report
    if (signal.aborted && !hasHungUp) {
      hasHungUp = true
      await sandbox.hangUp(callSid)
    }
    await wait(POLL_MS, undefined, { signal: hasHungUp ? undefined : signal }).catch(() => {})
  }
}

/** How the call went, once it is over. */
export function summaryLines(report: CallReport): string[] {
  const { phone } = report
  const lines = [`${report.status} after ${report.duration_seconds} s: ${report.end_cause ?? 'ended'}`]
  if (report.end_cause === 'no voice URL')
    lines.push('No assistant answers this number: bind it with POST /v1/phone-numbers.')
  for (const { latency_ms } of phone?.interruptions ?? [])
    lines.push(
      latency_ms === null
        ? 'interrupted; the other side did not fall silent'
        : `interrupted; the other side fell silent after ${latency_ms} ms`,
    )
  const damaged = phone?.heard.damaged_at_ms.length ?? 0
  if (damaged > 0) lines.push(`${damaged} ${damaged === 1 ? 'word' : 'words'} did not arrive whole`)
  for (const { code, message } of report.warnings) lines.push(`carrier warning ${code}: ${message}`)
  return lines
}

function line(atMs: number, what: string, text: string): string {
  return `${(atMs / 1000).toFixed(1).padStart(6)} s  ${what.padEnd(9)}${text}`.trimEnd()
}
