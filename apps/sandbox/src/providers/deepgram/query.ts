import { z } from 'zod'
import { DeepgramError } from './deepgram-error.ts'

const flag = z.enum(['true', 'false']).transform((value) => value === 'true')
const many = z.array(z.string().min(1)).default([])
const number = (min: number, max: number) => z.coerce.number().min(min).max(max)

/** The sandbox hears telephone audio only; other encodings and rates are refused like wrong ones. */
const audioShape = {
  encoding: z.enum(['mulaw', 'linear16'], 'the sandbox takes mulaw and linear16'),
  sample_rate: z.literal('8000', 'the sandbox takes 8000'),
}
const bookkeepingShape = { tag: many, mip_opt_out: flag.optional() }

/** "Live Audio", query parameters. */
const listenSchema = z.strictObject({
  ...audioShape,
  ...bookkeepingShape,
  model: z.string().min(1).default('base-general'),
  language: z.string().min(2).default('en'),
  channels: z.literal('1', 'the sandbox takes one channel').optional(),
  multichannel: flag.optional(),
  interim_results: flag.default(false),
  endpointing: z
    .union([
      z.literal('false').transform(() => null),
      z.literal('true').transform(() => 10),
      number(0, 10_000),
    ])
    .default(10),
  utterance_end_ms: number(1000, 60_000).optional(),
  vad_events: flag.default(false),
  smart_format: flag.optional(),
  punctuate: flag.optional(),
  numerals: flag.optional(),
  profanity_filter: flag.optional(),
  filler_words: flag.optional(),
  dictation: flag.optional(),
  diarize: flag.optional(),
  no_delay: flag.optional(),
  redact: many,
  keyterm: many,
  keywords: many,
  version: z.string().optional(),
  extra: many,
})

/** "Flux", query parameters: fewer, and none of the older ones. */
const fluxSchema = z
  .strictObject({
    ...audioShape,
    ...bookkeepingShape,
    model: z.string().regex(/^flux-general-(en|multi)$/, 'must be flux-general-en or flux-general-multi'),
    eot_threshold: number(0.5, 1).default(0.7),
    eager_eot_threshold: number(0.3, 0.9).optional(),
    eot_timeout_ms: number(500, 60_000).default(5000),
    keyterm: many,
    language_hint: many,
    numerals: flag.optional(),
    profanity_filter: flag.optional(),
    redact: many,
  })
  .refine(
    ({ eager_eot_threshold: eager, eot_threshold }) => eager === undefined || eager <= eot_threshold,
    'eager_eot_threshold must not be above eot_threshold',
  )
  .refine(
    ({ model, language_hint: hints }) => hints.length === 0 || model.endsWith('-multi'),
    'language_hint is for flux-general-multi',
  )

export type ListenQuery = z.infer<typeof listenSchema>
export type FluxQuery = z.infer<typeof fluxSchema>

/** Throws the 400 for what is missing, wrong or unknown. */
export function readListenQuery(url: URL): ListenQuery {
  const query = read(listenSchema, url)
  // "Utterance End": it is measured on interim results.
  if (query.utterance_end_ms !== undefined && !query.interim_results)
    throw new DeepgramError(400, 'Bad Request', 'utterance_end_ms requires interim_results=true.')
  if (query.keyterm.length > 0 && !query.model.startsWith('nova-3'))
    throw new DeepgramError(400, 'Bad Request', 'keyterm is supported by nova-3 only.')
  if (query.keywords.length > 0 && query.model.startsWith('nova-3'))
    throw new DeepgramError(400, 'Bad Request', 'keywords is not supported by nova-3; use keyterm.')
  return query
}

export function readFluxQuery(url: URL): FluxQuery {
  return read(fluxSchema, url)
}

const REPEATABLE: ReadonlySet<string> = new Set([
  'tag',
  'redact',
  'keyterm',
  'keywords',
  'extra',
  'language_hint',
])

function read<T extends z.ZodType>(schema: T, url: URL): z.infer<T> {
  const fields: Record<string, string | string[]> = {}
  for (const name of url.searchParams.keys())
    fields[name] = REPEATABLE.has(name) ? url.searchParams.getAll(name) : (url.searchParams.get(name) ?? '')
  const result = schema.safeParse(fields)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = issue?.path.join('.') ?? ''
  throw new DeepgramError(
    400,
    'Bad Request',
    `${place ? `${place}: ` : ''}${issue?.message ?? 'not understood'}.`,
  )
}
