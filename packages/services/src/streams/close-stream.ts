import type { ServiceContext } from '../context.ts'

/** The media process is done with a stream: nothing more of it will be written. Repeating it changes nothing. */
export async function closeStream(ctx: ServiceContext, input: { streamId: string }): Promise<void> {
  await ctx.db.sql`
    update streams set closed_at = ${new Date(ctx.clock.now())} where id = ${input.streamId} and closed_at is null`
}
