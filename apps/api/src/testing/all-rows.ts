import type { TestServer } from './test-server.ts'

/** Every row of every table as text, in order: what nothing has changed means. `without` names columns that may move all the same. */
export async function allRows({ db }: TestServer, without: readonly string[] = []): Promise<string[]> {
  const { sql } = db
  // What processes note of rates says nothing about anybody's things.
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_name <> 'rate_buckets'
    order by 1`
  const rows = await Promise.all(
    tables.map(
      ({ name }) => sql<{ text: string }[]>`
        select (to_jsonb(t) - ${[...without]}::text[])::text as text from ${sql(name)} t order by 1`,
    ),
  )
  return rows.flatMap((list, index) => list.map(({ text }) => `${tables[index]?.name} ${text}`))
}
