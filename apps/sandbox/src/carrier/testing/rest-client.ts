/** A REST request as any HTTP client would make it. */
export interface RestAnswer {
  status: number
  body: Record<string, unknown>
}

export const TEST_ACCOUNT = {
  accountSid: 'AC00000000000000000000000000000001',
  authToken: '0123456789abcdef0123456789abcdef',
}

export async function rest(
  carrierUrl: string,
  method: string,
  path: string,
  params: Record<string, string> | [string, string][] = {},
  credentials = TEST_ACCOUNT,
): Promise<RestAnswer> {
  const form = new URLSearchParams(params)
  const isRead = method === 'GET' || method === 'DELETE'
  const url = `${carrierUrl}/2010-04-01/Accounts/${TEST_ACCOUNT.accountSid}${path}${isRead && form.size > 0 ? `?${form}` : ''}`
  const response = await fetch(url, {
    method,
    body: isRead ? null : form,
    headers: {
      Authorization: `Basic ${Buffer.from(`${credentials.accountSid}:${credentials.authToken}`).toString('base64')}`,
    },
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) }
}
