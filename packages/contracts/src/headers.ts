import { z } from 'zod'

/** Headers a user wants sent with requests to their own servers. */
export const headersSchema = z
  .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'must be a header name'), z.string().max(2000))
  .refine((headers) => Object.keys(headers).length <= 20, 'at most 20 headers')
