export { type MasterKeys, masterKey, readMasterKeys } from './master-keys.ts'
export { createSecretBox, type Seal, type SecretBox } from './secret-box.ts'
