export { type AuditFilter, listAuditEntries } from './list-audit.ts'
export { auditReads, insertAudit, type NewAuditEntry, writeAudit } from './write-audit.ts'
