import { type Piece, scanSource } from './scan-source.ts'

/** A place where code touches rows of organizations. */
export interface Statement extends Pick<Piece, 'line' | 'verb'> {
  /** As the database names them. */
  tables: string[]
  /** It says whose rows it means, by a value that it was given. */
  isScoped: boolean
}

/** The tables that hold what belongs to an organization: names in code and in the database. */
export type TenantTables = ReadonlyMap<string, string>

/** Every statement of a file, and every part of one, that touches one of the tables. */
export function judgeStatements(source: string, tables: TenantTables): Statement[] {
  return scanSource(source).flatMap(({ kind, text, line, verb }) => {
    const named = kind === 'sql' ? tablesInSql(text, tables) : tablesInChain(text, tables)
    if (named.length === 0) return []
    const isScoped = kind === 'sql' ? isScopedSql(text) : isScopedChain(text, tables)
    return [{ line, verb, tables: named, isScoped }]
  })
}

/** Any mention counts: one word too many is only a question that must be answered. */
function tablesInSql(text: string, tables: TenantTables): string[] {
  const known = new Set(tables.values())
  const words = text.match(/(?<![.\w${])[a-z][a-z_]*(?![\w(.]*\))/g) ?? []
  return [...new Set(words.filter((word) => known.has(word)))].sort()
}

function tablesInChain(text: string, tables: TenantTables): string[] {
  const arguments_ = [...text.matchAll(/\.(?:from|insert|update|delete|\w+Join)\(\s*([\w.]+)/g)]
  const names = arguments_.map((match) => tables.get(match[1]?.split('.').at(-1) ?? ''))
  return [...new Set(names.filter((name) => name !== undefined))].sort()
}

/** Compared with a value, or inserted. A column that is read, or compared with another column, says nothing about whose row it is. */
function isScopedSql(text: string): boolean {
  return (
    /\borganization_id\s*=\s*(?:any\()?\$\{/.test(text) ||
    /\borganization_id:\s/.test(text) ||
    /\binsert\s+into\s+[\w\s]+\([^)]*\borganization_id\b/.test(text) ||
    /\borganizations\b[^`]*?\bid\s*=\s*\$\{[\w.]*organizationId\}/.test(text)
  )
}

function isScopedChain(text: string, tables: TenantTables): boolean {
  if (/\.values\(/.test(text)) return /\borganizationId\b/.test(text)
  const comparisons = [...text.matchAll(/\beq\(\s*([\w.]+),\s*([\w.]+)\s*\)/g)]
  return comparisons.some(([, column = '', value = '']) => {
    const isColumn = value.split('.').some((part) => tables.has(part))
    const isOrganization = /organizationId$/.test(column) || /\borganizations\.id$/.test(column)
    return isOrganization && !isColumn
  })
}
