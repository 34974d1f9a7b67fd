import { z } from 'zod'

/** Why a URL cannot be called by us, or null when its form is acceptable. Whether its address may be reached is checked at each request. */
export function problemWithHttpUrl(text: string): string | null {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return 'must be an absolute URL, for example https://example.com/hooks'
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://'
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password'
  if (url.hash !== '') return 'must not contain a fragment (#…)'
  return null
}

/** An absolute http(s) URL without credentials or fragment, at most 2,000 characters. */
export const httpUrlSchema = z
  .string()
  .max(2000)
  .superRefine((text, context) => {
    const problem = problemWithHttpUrl(text)
    if (problem) context.addIssue({ code: 'custom', message: problem })
  })
