import { InvalidInput } from '@phonevoice/base'
import {
  type AssistantOverrides,
  type AssistantPatch,
  type AssistantSettings,
  DEFAULT_ASSISTANT,
  mergeAssistant,
  nameOfTool,
  type Tool,
} from '@phonevoice/contracts'
import type { Seal, SecretBox } from '../secrets/index.ts'
import { requireStorableText } from '../text/storable.ts'

/** What a header value looks like from outside; sent back in an update it means "keep what you have". */
export const HIDDEN_VALUE = '***'

/** Settings as they are stored: every header value is sealed. The brand keeps them from being sent out or used by mistake. */
export type SealedSettings = AssistantSettings & { readonly __sealed: true }

type Headers = AssistantSettings['llm']['headers']

/** The settings of a new assistant. Throws `invalid_request`. */
export function newSettings(seal: Seal, organizationId: string, patch: AssistantPatch): SealedSettings {
  requireStorableText(patch)
  return sealSettings(seal, organizationId, merged(DEFAULT_ASSISTANT, patch, ''), DEFAULT_ASSISTANT, '')
}

/**
 * Puts a patch over stored settings; header values that come as `"***"` keep what is stored. `pointer` is where the patch stands in the
 * request, e.g. `/assistant_overrides`. Throws `invalid_request`.
 */
export function patchSettings(
  seal: Seal,
  organizationId: string,
  stored: SealedSettings,
  patch: AssistantPatch | AssistantOverrides,
  pointer = '',
): SealedSettings {
  requireStorableText(patch, pointer)
  const visible = hideSecrets(stored)
  return sealSettings(seal, organizationId, merged(visible, patch, pointer), stored, pointer)
}

/** Settings as users see them. */
export function hideSecrets(settings: SealedSettings): AssistantSettings {
  const { __sealed: _, ...plain } = settings
  return mapHeaders(plain, (headers) => mapValues(headers, () => HIDDEN_VALUE))
}

/** Settings with readable header values, for the process that makes the requests. */
export async function openSettings(
  secrets: SecretBox,
  organizationId: string,
  settings: SealedSettings,
): Promise<AssistantSettings> {
  const { __sealed: _, ...plain } = settings
  const values = new Map<string, string>()
  for (const sealed of sealedValues(settings))
    values.set(sealed, await secrets.open(organizationId, sealed, headerPurpose(organizationId)))
  return mapHeaders(plain, (headers) => mapValues(headers, (value) => values.get(value) ?? ''))
}

/** The same settings, everything sealed with the organization's present key. */
export async function resealSettings(
  secrets: SecretBox,
  organizationId: string,
  settings: SealedSettings,
): Promise<SealedSettings> {
  const seal = await secrets.sealer(organizationId)
  const open = await openSettings(secrets, organizationId, settings)
  const purpose = headerPurpose(organizationId)
  return mapHeaders(open, (headers) => mapValues(headers, (value) => seal(value, purpose))) as SealedSettings
}

/** Every sealed text in settings. */
export function sealedValues(settings: SealedSettings): string[] {
  const values: string[] = []
  const { __sealed: _, ...plain } = settings
  mapHeaders(plain, (headers) => {
    values.push(...Object.values(headers))
    return headers
  })
  return values
}

function merged(
  base: Parameters<typeof mergeAssistant>[0],
  patch: AssistantPatch | AssistantOverrides,
  pointer: string,
): AssistantSettings {
  try {
    return mergeAssistant(base, patch)
  } catch (error) {
    const issues = issuesOf(error)
    if (issues === null) throw error
    throw invalidSettings(
      issues.map((issue) => ({
        pointer: `${pointer}/${issue.path.map(escapePointer).join('/')}`,
        message: issue.message,
      })),
    )
  }
}

function sealSettings(
  sealOne: Seal,
  organizationId: string,
  settings: AssistantSettings,
  stored: Pick<AssistantSettings, 'llm' | 'tools'>,
  pointer: string,
): SealedSettings {
  const seal = (headers: Headers, kept: Headers, path: string): Headers =>
    mapValues(headers, (value, name) => {
      if (value !== HIDDEN_VALUE) return sealOne(value, headerPurpose(organizationId))
      const before = Object.hasOwn(kept, name) ? kept[name] : undefined
      if (before !== undefined) return before
      throw invalidSettings([
        {
          pointer: `${pointer}${path}/${escapePointer(name)}`,
          message: '"***" keeps a stored value, but there is none: send the value itself',
        },
      ])
    })
  const { llm } = settings
  const sealed: AssistantSettings = {
    ...settings,
    tools: settings.tools.map((tool, index) =>
      withHeaders(tool, (headers) =>
        seal(headers, storedHeaders(stored.tools, tool), `/tools/${index}/headers`),
      ),
    ),
    llm: {
      ...llm,
      headers: seal(llm.headers, stored.llm.headers, '/llm/headers'),
      fallback: llm.fallback && {
        ...llm.fallback,
        headers: seal(llm.fallback.headers, stored.llm.fallback?.headers ?? {}, '/llm/fallback/headers'),
      },
    },
  }
  // The values were sealed on the lines above; the brand itself is never stored.
  return sealed as SealedSettings
}

function mapHeaders(settings: AssistantSettings, map: (headers: Headers) => Headers): AssistantSettings {
  const { llm } = settings
  const fallback = llm.fallback && { ...llm.fallback, headers: map(llm.fallback.headers) }
  const tools = settings.tools.map((tool) => withHeaders(tool, map))
  return { ...settings, tools, llm: { ...llm, headers: map(llm.headers), fallback } }
}

function withHeaders(tool: Tool, map: (headers: Headers) => Headers): Tool {
  return tool.type === 'http' && tool.headers ? { ...tool, headers: map(tool.headers) } : tool
}

/** What is stored for the tool of the same name, wherever it stands in the list. */
function storedHeaders(tools: readonly Tool[], tool: Tool): Headers {
  const before = tools.find((candidate) => nameOfTool(candidate) === nameOfTool(tool))
  return before?.type === 'http' ? (before.headers ?? {}) : {}
}

function mapValues(headers: Headers, map: (value: string, name: string) => string): Headers {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, map(value, name)]))
}

/** Bound to the organization, not the assistant: a call keeps its own copy of the settings. */
function headerPurpose(organizationId: string): string {
  return `llm-header:${organizationId}`
}

function invalidSettings(fields: { pointer: string; message: string }[]): InvalidInput {
  return new InvalidInput('invalid_request', 'Some settings are not valid; see errors.', { fields })
}

/** A `ZodError` by its shape: the schema library belongs to the contracts package. */
function issuesOf(error: unknown): { path: PropertyKey[]; message: string }[] | null {
  if (!(error instanceof Error) || error.name !== 'ZodError' || !('issues' in error)) return null
  return error.issues as { path: PropertyKey[]; message: string }[]
}

function escapePointer(part: PropertyKey): string {
  return String(part).replaceAll('~', '~0').replaceAll('/', '~1')
}
