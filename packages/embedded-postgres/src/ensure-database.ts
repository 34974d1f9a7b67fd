import postgres from 'postgres'

export interface DatabaseSettings {
  /** Lower-case letters, digits and `_`. */
  database: string
  /** The role the services log in with: owns the database and nothing else. Lower-case letters, digits and `_`. */
  role: string
  password: string
}

/**
 * Creates the role and its database unless they exist, and sets the role's password to the one given. Returns the URL for services.
 * The role is no superuser, because a superuser can run programs on the machine (`COPY … TO PROGRAM`).
 */
export async function ensureDatabase(adminUrl: string, settings: DatabaseSettings): Promise<string> {
  const { database, role, password } = settings
  for (const name of [database, role]) {
    if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`"${name}" is not a plain database name.`)
  }
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    const [roleRow] = await sql`select 1 from pg_roles where rolname = ${role}`
    // Statements about roles take no parameters, so the server quotes the password for us.
    const [quoted] = await sql<{ text: string }[]>`select quote_literal(${password}::text) as text`
    const verb = roleRow ? 'alter' : 'create'
    await sql.unsafe(
      `${verb} role ${role} login nosuperuser nocreatedb nocreaterole noreplication password ${quoted?.text}`,
    )
    const [databaseRow] = await sql`select 1 from pg_database where datname = ${database}`
    if (!databaseRow) await sql.unsafe(`create database ${database} owner ${role}`)
    await sql.unsafe(`revoke all on database ${database} from public`)
  } finally {
    await sql.end({ timeout: 5 })
  }
  const url = new URL(adminUrl)
  url.username = role
  url.password = encodeURIComponent(password)
  url.pathname = `/${database}`
  return url.href
}
