import { z } from 'zod'

const spoken = z.string().trim().min(1).max(1000)

/** `POST /v1/calls/{id}/say`. */
export const saySchema = z
  .strictObject({
    text: spoken.meta({ description: 'Spoken by the assistant’s voice as it stands.' }),
    interrupt: z.boolean().optional().meta({
      description:
        'true: at once, over whoever speaks; otherwise as soon as the assistant has finished and the caller is silent.',
    }),
  })
  .meta({ id: 'Say' })

/** `POST /v1/calls/{id}/context`. */
export const contextSchema = z
  .strictObject({
    text: z.string().trim().min(1).max(4000).meta({
      description: 'A note for the language model, for the next answer on. The caller does not hear it.',
    }),
  })
  .meta({ id: 'AddContext' })

/** `POST /v1/calls/{id}/keys`. */
export const keysSchema = z
  .strictObject({
    digits: z
      .string()
      .min(1)
      .max(50)
      .regex(/^[0-9A-D*#,]+$/, 'must be keys: 0-9, *, #, A-D, and "," for a pause of half a second')
      .meta({ description: 'Pressed one after another, as tones. `,` is a pause of half a second.' }),
  })
  .meta({ id: 'PressKeys' })

/** `POST /v1/calls/{id}/mute`. */
export const muteSchema = z
  .strictObject({
    muted: z.boolean().meta({
      description:
        'true: the assistant listens and writes down, and answers nobody. `say` and `keys` still work.',
    }),
  })
  .meta({ id: 'Mute' })

/** `POST /v1/calls/{id}/end`. */
export const endCallSchema = z
  .strictObject({
    message: z
      .string()
      .trim()
      .min(1)
      .max(500)
      .optional()
      .meta({ description: 'Spoken before the end of a conversation.' }),
  })
  .meta({ id: 'EndCall' })

/** What happened. */
export const controlResultSchema = z
  .object({
    object: z.literal('control_result'),
    call_id: z.string(),
    result: z.enum(['speaking', 'queued', 'added', 'muted', 'unmuted', 'ending']).meta({
      description:
        '`speaking`: on its way out. `queued`: spoken when its time has come. `added`: part of the next answer’s dialogue.',
    }),
  })
  .meta({ id: 'ControlResult' })
export type ControlResult = z.infer<typeof controlResultSchema>
