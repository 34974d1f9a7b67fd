export { createOrganization } from './create-organization.ts'
export { getOrganization, listOrganizations, type Organization } from './read-organizations.ts'
export {
  completeRotation,
  getWebhookSecret,
  rotateWebhookSecret,
  showWebhookSecret,
  type WebhookSecrets,
} from './webhook-secret.ts'
