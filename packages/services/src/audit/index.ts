export { type AuditFilter, listAuditEntries } from './list-audit.ts'
export { insertAudit, type NewAuditEntry, writeAudit } from './write-audit.ts'
