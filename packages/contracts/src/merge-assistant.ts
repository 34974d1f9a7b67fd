import {
  type AssistantOverrides,
  type AssistantPatch,
  type AssistantSettings,
  assistantSettingsSchema,
  DEFAULT_ASSISTANT,
} from './assistant.ts'
import { TRANSCRIBER_DEFAULTS, VOICE_DEFAULTS } from './provider-defaults.ts'

type Plain = Record<string, unknown>
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Fields that are one value although they are objects: a patch replaces them whole. */
const WHOLE_FIELDS: ReadonlySet<string> = new Set(['headers', 'metadata', 'schema', 'fallback'])

function merge(base: Plain, patch: Plain): Plain {
  const result: Plain = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue
    const before = base[key]
    result[key] = isPlain(value) && isPlain(before) && !WHOLE_FIELDS.has(key) ? merge(before, value) : value
  }
  return result
}

/** Stored settings with the defaults of every field that has come since they were stored, at any depth. */
export function withDefaults(stored: object): AssistantSettings {
  // What is stored was complete when it was checked; only later fields are missing, and those have defaults.
  return merge(DEFAULT_ASSISTANT, { ...stored }) as unknown as AssistantSettings
}

/** The models and voices of one provider mean nothing to another: where a patch changes the provider, the new one's defaults lie under it. */
function ofNewProviders<T extends Pick<AssistantSettings, 'transcriber' | 'voice'>>(
  base: T,
  { transcriber, voice }: AssistantPatch | AssistantOverrides,
): T {
  const result = { ...base }
  if (transcriber?.provider && transcriber.provider !== base.transcriber.provider)
    result.transcriber = { ...base.transcriber, ...TRANSCRIBER_DEFAULTS[transcriber.provider] }
  if (voice?.provider && voice.provider !== base.voice.provider)
    result.voice = { ...base.voice, ...VOICE_DEFAULTS[voice.provider] }
  return result
}

/**
 * Puts a patch over settings and checks the whole: objects are merged, lists, nulls, headers, metadata, schema and fallback are replaced.
 * Throws a `ZodError` whose paths point into the patch.
 */
export function mergeAssistant(
  base: Omit<AssistantSettings, 'name'> & { name?: string },
  patch: AssistantPatch | AssistantOverrides,
): AssistantSettings {
  return completeAssistantSchema.parse(merge(ofNewProviders(base, patch), patch))
}

const completeAssistantSchema = assistantSettingsSchema.superRefine((settings, context) => {
  if (settings.llm.provider === 'custom' && settings.llm.url === null) {
    context.addIssue({
      code: 'custom',
      path: ['llm', 'url'],
      message: 'is required when llm.provider is "custom"',
    })
  }
  if (settings.llm.fallback?.provider === 'custom' && settings.llm.fallback.url === null) {
    context.addIssue({
      code: 'custom',
      path: ['llm', 'fallback', 'url'],
      message: 'is required when the fallback is "custom"',
    })
  }
  const spoken = (settings.transcriber.language ?? settings.language).split('-')[0]?.toLowerCase()
  if (settings.transcriber.model === 'flux-general-en' && spoken !== 'en') {
    context.addIssue({
      code: 'custom',
      path: ['transcriber', 'model'],
      message: 'flux-general-en understands English only; flux-general-multi understands ten languages',
    })
  }
  if (settings.turn_taking.end_of_turn.min_ms > settings.turn_taking.end_of_turn.max_ms) {
    context.addIssue({
      code: 'custom',
      path: ['turn_taking', 'end_of_turn', 'max_ms'],
      message: 'must not be less than min_ms',
    })
  }
})
