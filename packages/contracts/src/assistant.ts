import { z } from 'zod'
import { deepPartial } from './deep-partial.ts'
import { headersSchema } from './headers.ts'
import { httpUrlSchema } from './http-url.ts'
import { metadataSchema } from './metadata.ts'
import { TRANSCRIBER_DEFAULTS, VOICE_DEFAULTS } from './provider-defaults.ts'
import { refuseSameNames, toolSchema } from './tool.ts'

const phrases = z.array(z.string().min(1).max(100)).max(50)

const llmShape = {
  provider: z
    .enum(['openai', 'custom'])
    .meta({ description: '`custom`: your own OpenAI-compatible endpoint at `url`.' }),
  model: z.string().min(1).max(200),
  url: httpUrlSchema.nullable().meta({
    description: 'Custom only: a URL that ends in `/chat/completions`, or a base to which that is appended.',
    example: 'https://llm.example.com/v1',
  }),
  headers: headersSchema.meta({
    description: 'Custom only: sent with each request. Write-only: values read back as `"***"`.',
  }),
  temperature: z.number().min(0).max(2).nullable(),
  timeout_ms: z
    .int()
    .min(500)
    .max(30_000)
    .meta({ description: 'From request to first token, in milliseconds.' }),
}

const transcriberShape = {
  provider: z.enum(['openai', 'deepgram', 'deepgram-flux']).meta({
    description:
      'Who turns the caller’s speech into text. `deepgram-flux` also judges when the caller has finished. A new provider without a `model` gets its default.',
  }),
  model: z
    .string()
    .min(1)
    .max(200)
    .meta({
      description: `Defaults: ${Object.entries(TRANSCRIBER_DEFAULTS)
        .map(([provider, { model }]) => `\`${provider}\` \`${model}\``)
        .join(', ')}.`,
    }),
  language: z
    .string()
    .min(2)
    .max(35)
    .nullable()
    .meta({ description: "BCP 47; null: the assistant's language." }),
  keywords: z.array(z.string().min(1).max(100)).max(100),
}

const voiceShape = {
  provider: z.enum(['openai-compatible', 'openai', 'deepgram', 'elevenlabs']).meta({
    description:
      'Who speaks. `openai-compatible`: a server of your installation with `POST /audio/speech`; `openai`: the Realtime API. A new provider without `model` or ' +
      '`voice_id` gets its defaults.',
  }),
  model: z
    .string()
    .min(1)
    .max(200)
    .meta({
      description: `Defaults: ${Object.entries(VOICE_DEFAULTS)
        .map(([provider, { model }]) => `\`${provider}\` \`${model}\``)
        .join(', ')}.`,
    }),
  voice_id: z
    .string()
    .min(1)
    .max(200)
    .meta({
      description: `The vendor’s name or id of the voice. Defaults: ${Object.entries(VOICE_DEFAULTS)
        .map(([provider, { voice_id }]) => `\`${provider}\` \`${voice_id}\``)
        .join(', ')}.`,
    }),
  speed: z.number().min(0.5).max(2),
}

/** Everything an assistant is set to, complete. */
export const assistantSettingsSchema = z.strictObject({
  name: z.string().min(1).max(100),
  language: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 tag, for example en-US')
    .max(35),
  first_message: z
    .string()
    .min(1)
    .max(2000)
    .nullable()
    .meta({ description: 'Spoken when the call is answered; null: the caller speaks first.' }),
  instructions: z
    .string()
    .max(50_000)
    .meta({ description: 'The system prompt. `{{name}}` is replaced by the variable of the call.' }),
  llm: z.strictObject({
    ...llmShape,
    filler_after_ms: z.int().min(300).max(10_000).nullable().meta({
      description:
        'When the model has said nothing this long after the end of the turn, the assistant says a word like "One moment, please."; null: never. In milliseconds.',
    }),
    fallback: z
      .strictObject(llmShape)
      .nullable()
      .meta({ description: 'Asked when the first fails, and as well when it has said nothing for 1.5 s.' }),
  }),
  transcriber: z.strictObject({ ...transcriberShape, fallback: z.strictObject(transcriberShape).nullable() }),
  voice: z.strictObject({ ...voiceShape, fallback: z.strictObject(voiceShape).nullable() }),
  turn_taking: z.strictObject({
    end_of_turn: z.strictObject({
      min_ms: z
        .int()
        .min(0)
        .max(5000)
        .meta({ description: 'Wait after a finished sentence, from the end of speech, in milliseconds.' }),
      max_ms: z
        .int()
        .min(100)
        .max(10_000)
        .meta({ description: 'Longest wait when the caller seems to go on, in milliseconds.' }),
      adaptive: z.boolean().meta({
        description: 'Wait longer than `min_ms`, up to `max_ms`, for a caller who pauses between sentences.',
      }),
    }),
    early_thinking: z.strictObject({
      enabled: z.boolean().meta({
        description:
          'Ask the language model while the turn may still go on, at most three times a turn, and use the answer only if the words stay the same. Unused tokens are the cost line `early_thinking`.',
      }),
    }),
    interruption: z.strictObject({
      enabled: z.boolean(),
      first_message: z.boolean().meta({
        description:
          'Whether `first_message` may be interrupted; what is said over it otherwise is answered afterwards. `disclosure` never may.',
      }),
      min_speech_ms: z.int().min(120).max(2000).meta({
        description: 'How long the caller must speak before the assistant pauses, in milliseconds.',
      }),
      min_words: z.int().min(0).max(10),
      ignore_phrases: phrases.meta({
        description:
          'Said while the assistant speaks, these never interrupt; added to the language’s own list.',
      }),
      stop_phrases: phrases.meta({
        description:
          'Said while the assistant speaks, these always interrupt; added to the language’s own list.',
      }),
    }),
  }),
  silence: z.strictObject({
    reprompt: z.string().min(1).max(500).nullable(),
    timeout_seconds: z.number().min(1).max(120),
    max_reprompts: z.int().min(0).max(10),
  }),
  end_call: z.strictObject({
    phrases: phrases.meta({ description: 'Said by the caller, one of these ends the call.' }),
    message: z.string().min(1).max(500).nullable().meta({ description: 'Spoken before such an end.' }),
  }),
  keypad: z.strictObject({
    max_digits: z.int().min(1).max(50),
    terminator: z.string().regex(/^[0-9*#]?$/, 'must be one key, or empty for none'),
    timeout_seconds: z.number().min(0.5).max(30),
  }),
  voicemail: z.strictObject({
    hang_up: z.boolean().meta({
      description:
        'Outbound calls: the carrier listens whether a machine has answered; if so the call ends with `voicemail`.',
    }),
  }),
  disclosure: z
    .string()
    .min(1)
    .max(500)
    .nullable()
    .meta({ description: 'Spoken before anything else, for example that an AI is speaking.' }),
  tools: z.array(toolSchema).max(20).superRefine(refuseSameNames).meta({
    description: 'Functions that the language model may call during a call.',
  }),
  recording: z.strictObject({ enabled: z.boolean() }),
  analysis: z.strictObject({
    enabled: z.boolean(),
    schema: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: 'JSON Schema of an object: your own fields, returned as `analysis.data`.' }),
  }),
  max_duration_seconds: z.int().min(10).max(14_400),
  webhook_url: httpUrlSchema.nullable().meta({ description: 'Used by calls that name none.' }),
  metadata: metadataSchema,
})

/** Everything an assistant is set to. Secrets in `llm.headers` included: never send it out as it is. */
export type AssistantSettings = z.infer<typeof assistantSettingsSchema>

/** What a new assistant is set to where the request says nothing. */
export const DEFAULT_ASSISTANT: Omit<AssistantSettings, 'name'> = {
  language: 'en-US',
  first_message: 'Hello! How can I help you?',
  instructions: 'You are a friendly assistant on a phone call. Answer in one or two short sentences.',
  llm: {
    provider: 'openai',
    model: 'gpt-6-luna',
    url: null,
    headers: {},
    temperature: null,
    timeout_ms: 5000,
    filler_after_ms: 1500,
    fallback: null,
  },
  transcriber: {
    provider: 'openai',
    ...TRANSCRIBER_DEFAULTS.openai,
    language: null,
    keywords: [],
    fallback: null,
  },
  voice: {
    provider: 'openai-compatible',
    ...VOICE_DEFAULTS['openai-compatible'],
    speed: 1,
    fallback: null,
  },
  turn_taking: {
    end_of_turn: { min_ms: 200, max_ms: 1500, adaptive: true },
    early_thinking: { enabled: true },
    interruption: {
      enabled: true,
      first_message: true,
      min_speech_ms: 200,
      min_words: 0,
      ignore_phrases: [],
      stop_phrases: [],
    },
  },
  silence: { reprompt: 'Are you still there?', timeout_seconds: 10, max_reprompts: 2 },
  end_call: { phrases: [], message: null },
  keypad: { max_digits: 20, terminator: '#', timeout_seconds: 3 },
  voicemail: { hang_up: true },
  disclosure: null,
  tools: [],
  recording: { enabled: true },
  analysis: { enabled: true, schema: null },
  max_duration_seconds: 1800,
  webhook_url: null,
  metadata: {},
}

/** Any part of the settings; objects are merged, lists and null replace. */
export const assistantPatchSchema = deepPartial(assistantSettingsSchema).meta({ id: 'AssistantUpdate' })
export type AssistantPatch = z.infer<typeof assistantPatchSchema>

export const assistantCreateSchema = assistantPatchSchema
  .extend({ name: assistantSettingsSchema.shape.name })
  .meta({ id: 'AssistantCreate', description: 'Only `name` is required; the rest has defaults.' })

/** What one call may change of its assistant. */
export const assistantOverridesSchema = assistantPatchSchema
  .omit({ name: true, metadata: true, webhook_url: true })
  .meta({ id: 'AssistantOverrides' })
export type AssistantOverrides = z.infer<typeof assistantOverridesSchema>

export const assistantSchema = assistantSettingsSchema
  .extend({
    id: z.string().meta({ example: 'asst_01jd3v9x6k8m2n4p6q8r0s2t4v' }),
    object: z.literal('assistant'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Assistant' })
export type Assistant = z.infer<typeof assistantSchema>
