export * from './assistants.ts'
export * from './calls.ts'
export * from './organizations.ts'
export * from './work.ts'
