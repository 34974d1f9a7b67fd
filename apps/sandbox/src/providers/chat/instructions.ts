/**
 * What the simulated model understands of a system prompt. One instruction a line (a leading `-` or `*` is ignored), quotes straight or
 * curly, letter case free:
 *
 *   Say exactly: TEXT                       every answer is TEXT
 *   Reply "TEXT" when "PHRASE"              the answer is TEXT when the caller's last words contain PHRASE; `When "PHRASE" reply "TEXT"` too
 *   Otherwise reply "TEXT"                  the answer when no PHRASE fits
 *   Call TOOL when "PHRASE"                 calls TOOL, arguments made up from its schema
 *   Call TOOL with {JSON} when "PHRASE"     calls TOOL with these arguments
 *   Echo the caller                         every answer is `You said: ` and the caller's words
 *
 * Phrases are compared as words: punctuation and letter case do not matter. Everything else in the prompt is read only for its language.
 */
export interface Instructions {
  sayExactly: string | null
  replies: readonly { phrase: string; text: string }[]
  otherwise: string | null
  calls: readonly { tool: string; argumentsJson: string | null; phrase: string }[]
  isEcho: boolean
}

const QUOTED = '["“”„«]([^"“”„«»]*)["“”»]'
const WHO = '(?:,|:|then|you|please|the (?:caller|user) says|they say|the (?:caller|user) asks|\\s)*'

const SAY_EXACTLY = /^say exactly:\s*(.+)$/i
const REPLY_WHEN = new RegExp(`^(?:reply|say|answer)\\s+${QUOTED}\\s*(?:when|if)\\s+${WHO}${QUOTED}`, 'i')
const WHEN_REPLY = new RegExp(`^(?:when|if)\\s+${WHO}${QUOTED}${WHO}(?:reply|say|answer)\\s+${QUOTED}`, 'i')
const OTHERWISE = new RegExp(`^otherwise,?\\s+(?:reply|say|answer)\\s+${QUOTED}`, 'i')
const CALL_WHEN = new RegExp(
  `^call\\s+([\\w-]+)\\s*(?:with\\s+(\\{.*\\})\\s*)?(?:when|if)\\s+${WHO}${QUOTED}`,
  'i',
)
const ECHO = /^echo (?:the (?:caller|user)|mode|everything|what)/i

export function readInstructions(systemText: string): Instructions {
  const replies: { phrase: string; text: string }[] = []
  const calls: { tool: string; argumentsJson: string | null; phrase: string }[] = []
  let sayExactly: string | null = null
  let otherwise: string | null = null
  let isEcho = false
  for (const raw of systemText.split('\n')) {
    const line = raw.replace(/^[\s*-]+/, '').trim()
    const exact = SAY_EXACTLY.exec(line)
    const replyWhen = REPLY_WHEN.exec(line)
    const whenReply = WHEN_REPLY.exec(line)
    const other = OTHERWISE.exec(line)
    const call = CALL_WHEN.exec(line)
    if (exact) sayExactly ??= unquote(exact[1] ?? '')
    else if (replyWhen) replies.push({ text: replyWhen[1] ?? '', phrase: replyWhen[2] ?? '' })
    else if (whenReply) replies.push({ phrase: whenReply[1] ?? '', text: whenReply[2] ?? '' })
    else if (other) otherwise ??= other[1] ?? ''
    else if (call) calls.push({ tool: call[1] ?? '', argumentsJson: call[2] ?? null, phrase: call[3] ?? '' })
    else if (ECHO.test(line)) isEcho = true
  }
  return { sayExactly, replies, otherwise, calls, isEcho }
}

/** Whether `text` contains the words of `phrase` in a row. */
export function containsPhrase(text: string, phrase: string): boolean {
  return ` ${toWords(text)} `.includes(` ${toWords(phrase)} `)
}

function toWords(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}'’]+/gu, ' ')
    .replaceAll('’', "'")
    .trim()
}

function unquote(text: string): string {
  return new RegExp(`^${QUOTED}$`).exec(text.trim())?.[1] ?? text.trim()
}
