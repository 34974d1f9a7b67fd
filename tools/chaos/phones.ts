import type { ChaosProduct } from './product.ts'

/** Very short lives: most calls are over within a second, so that many of them are in every state at any moment. */
const SCENARIOS: readonly Record<string, unknown>[] = [
  { name: 'busy', when_called: 'busy', ring_ms: 500 },
  { name: 'unreachable', when_called: 'unreachable' },
  { name: 'answers and hangs up', ring_ms: 500, steps: [{ do: 'pause', ms: 300 }, { do: 'hang-up' }] },
]

/** The sandbox lets us say what these do. */
const NUMBERS = Array.from({ length: 77 }, (_, index) => `+12025550${113 + index}`)

/** Tells the simulated phones what to do; returns their numbers. */
export async function givePhones(product: ChaosProduct): Promise<readonly string[]> {
  const { sandbox } = product.installation.urls
  await Promise.all(
    NUMBERS.map(async (number, index) => {
      const response = await fetch(`${sandbox}/sandbox/phones/${encodeURIComponent(number)}`, {
        method: 'PUT',
        body: JSON.stringify(SCENARIOS[index % SCENARIOS.length]),
      })
      if (!response.ok) throw new Error(`A phone did not take its scenario: ${await response.text()}`)
    }),
  )
  return NUMBERS
}

/** Collects the calls that the carrier has placed. It remembers a few thousand, so a long run looks again and again. */
export function watchCarrier(product: ChaosProduct) {
  const seen = new Map<string, { number: string; sid: string; isLive: boolean }>()
  async function look(): Promise<void> {
    const response = await fetch(`${product.installation.urls.sandbox}/sandbox/calls?limit=1000`)
    const { calls } = (await response.json()) as {
      calls: { sid: string; to: string; ended_at: string | null }[]
    }
    for (const { sid, to, ended_at } of calls) seen.set(sid, { number: to, sid, isLive: ended_at === null })
  }
  return { look, calls: () => [...seen.values()] }
}
