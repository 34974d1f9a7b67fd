interface Page {
  data: { phone_number: string; assistant_id: string }[]
}

/** The sandbox has ten numbers. */
const NUMBERS_MAX = 100
const TIMEOUT_MS = 5000

/**
 * The sandbox keeps in memory where a number's calls go, so a new start has forgotten it while the API still lists the number as bound. Binding
 * it once more tells the sandbox. Throws when the API does not answer as it should.
 */
export async function bindAgain(apiUrl: string, testKey: string): Promise<number> {
  const request = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(apiUrl + path, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${testKey}`, 'content-type': 'application/json' },
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return await response.json()
  }
  const { data } = (await request(`/v1/phone-numbers?limit=${NUMBERS_MAX}`)) as Page
  for (const { phone_number, assistant_id } of data)
    await request('/v1/phone-numbers', { phone_number, assistant_id })
  return data.length
}
