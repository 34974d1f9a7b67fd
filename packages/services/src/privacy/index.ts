export { deleteExpiredContent, deleteExpiredRecordings } from './delete-expired.ts'
export { getPrivacyPolicy, type PrivacyPolicy, setPrivacyPolicy } from './policy.ts'
