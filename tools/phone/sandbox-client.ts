import type { CallReport, ScenarioInput } from '@phonevoice/sandbox'

/** The sandbox's own HTTP, as far as somebody with a phone needs it. Every method throws an `Error` that says what the sandbox said. */
export interface SandboxClient {
  callIn(request: { from: string; to: string; scenario?: ScenarioInput }): Promise<{ callSid: string }>
  report(callSid: string): Promise<CallReport>
  hangUp(callSid: string): Promise<void>
  phones(): Promise<readonly ListedPhone[]>
  recording(callSid: string, file: 'heard.wav' | 'call.wav'): Promise<Uint8Array>
}

export interface ListedPhone {
  phone_number: string
  is_custom: boolean
  scenario: { name: string; description: string }
}

const TIMEOUT_MS = 10_000

export function createSandboxClient(sandboxUrl: string): SandboxClient {
  async function ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Response> {
    const response = await fetch(`${sandboxUrl}/sandbox${path}`, {
      method,
      body: body === undefined ? null : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((cause: unknown) => {
      throw new Error(`The sandbox does not answer at ${sandboxUrl}: start it with "npm start".`, { cause })
    })
    if (!response.ok) throw new Error(await problemOf(response))
    return response
  }
  return {
    async callIn(request) {
      const answer = (await (await ask('POST', '/calls', request)).json()) as { call_sid: string }
      return { callSid: answer.call_sid }
    },
    report: async (callSid) => (await (await ask('GET', `/calls/${callSid}`)).json()) as CallReport,
    async hangUp(callSid) {
      await ask('POST', `/calls/${callSid}/hang-up`)
    },
    async phones() {
      const { phones } = (await (await ask('GET', '/phones')).json()) as { phones: ListedPhone[] }
      return phones
    },
    recording: async (callSid, file) =>
      new Uint8Array(await (await ask('GET', `/calls/${callSid}/${file}`)).arrayBuffer()),
  }
}

async function problemOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    const { error, issues = [] } = JSON.parse(text) as { error: string; issues?: Issue[] }
    const details = issues.map(({ path, message }) => `\n  ${path.join('.')}: ${message}`)
    return `${error}${details.join('')}`
  } catch {
    return `The sandbox answered ${response.status}: ${text.slice(0, 300)}`
  }
}

interface Issue {
  path: (string | number)[]
  message: string
}
