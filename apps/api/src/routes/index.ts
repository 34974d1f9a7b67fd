import type { ApiDependencies } from '../dependencies.ts'
import { addCreateApiKey } from './api-keys/create.ts'
import { addGetApiKey } from './api-keys/get.ts'
import { addListApiKeys } from './api-keys/list.ts'
import { addRevokeApiKey } from './api-keys/revoke.ts'
import { addRotateApiKey } from './api-keys/rotate.ts'
import { addCreateAssistant } from './assistants/create.ts'
import { addDeleteAssistant } from './assistants/delete.ts'
import { addGetAssistant } from './assistants/get.ts'
import { addListAssistants } from './assistants/list.ts'
import { addUpdateAssistant } from './assistants/update.ts'
import { addListAuditEntries } from './audit-log/list.ts'
import { addCallContext } from './calls/context.ts'
import { addCreateCall } from './calls/create.ts'
import { addDeleteCallContent } from './calls/delete-content.ts'
import { addListDeliveries } from './calls/deliveries.ts'
import { addEndCall } from './calls/end.ts'
import { addStreamCallEvents } from './calls/event-stream.ts'
import { addListCallEvents } from './calls/events.ts'
import { addGetCall } from './calls/get.ts'
import { addCallKeys } from './calls/keys.ts'
import { addListCalls } from './calls/list.ts'
import { addCallMute } from './calls/mute.ts'
import { addGetRecording } from './calls/recording.ts'
import { addGetRecordingAudio } from './calls/recording-audio.ts'
import { addRevokeRecordingLinks } from './calls/revoke-recording-links.ts'
import { addCallSay } from './calls/say.ts'
import { addGetTranscript } from './calls/transcript.ts'
import { addTwilioAnswer } from './carriers/twilio/answer.ts'
import { addTwilioInbound } from './carriers/twilio/inbound.ts'
import { addTwilioMachine } from './carriers/twilio/machine.ts'
import { addTwilioResume } from './carriers/twilio/resume.ts'
import { addTwilioStatus } from './carriers/twilio/status.ts'
import { addTwilioStream } from './carriers/twilio/stream.ts'
import { addGetDelivery } from './deliveries/get.ts'
import { addFindDeliveries } from './deliveries/list.ts'
import { addRedeliver } from './deliveries/redeliver.ts'
import type { AddRoute, Api } from './describe.ts'
import { addAddDoNotCall } from './do-not-call/add.ts'
import { addListDoNotCall } from './do-not-call/list.ts'
import { addRemoveDoNotCall } from './do-not-call/remove.ts'
import { addGetLimits } from './limits/get.ts'
import { addBindPhoneNumber } from './phone-numbers/bind.ts'
import { addListPhoneNumbers } from './phone-numbers/list.ts'
import { addUnbindPhoneNumber } from './phone-numbers/unbind.ts'
import { addOpenRecordingLink } from './recordings/open-link.ts'
import { addHealth } from './system/health.ts'
import { addCreateWebhookEndpoint } from './webhook-endpoints/create.ts'
import { addDeleteWebhookEndpoint } from './webhook-endpoints/delete.ts'
import { addGetWebhookEndpoint } from './webhook-endpoints/get.ts'
import { addListWebhookEndpoints } from './webhook-endpoints/list.ts'
import { addRedeliverFailed } from './webhook-endpoints/redeliver-failed.ts'
import { addCompleteWebhookRotation, addRotateWebhookSecret } from './webhook-endpoints/rotate-secret.ts'
import { addTestWebhookEndpoint } from './webhook-endpoints/send-test.ts'
import { addUpdateWebhookEndpoint } from './webhook-endpoints/update.ts'

/** Every route, in the order of the description. */
const ROUTES: readonly AddRoute[] = [
  addCreateCall,
  addListCalls,
  addGetCall,
  addEndCall,
  addCallSay,
  addCallContext,
  addCallKeys,
  addCallMute,
  addListCallEvents,
  addStreamCallEvents,
  addGetTranscript,
  addGetRecording,
  addGetRecordingAudio,
  addRevokeRecordingLinks,
  addDeleteCallContent,
  addListDeliveries,
  addOpenRecordingLink,
  addCreateAssistant,
  addListAssistants,
  addGetAssistant,
  addUpdateAssistant,
  addDeleteAssistant,
  addBindPhoneNumber,
  addListPhoneNumbers,
  addUnbindPhoneNumber,
  addCreateWebhookEndpoint,
  addListWebhookEndpoints,
  addGetWebhookEndpoint,
  addUpdateWebhookEndpoint,
  addDeleteWebhookEndpoint,
  addRotateWebhookSecret,
  addCompleteWebhookRotation,
  addTestWebhookEndpoint,
  addRedeliverFailed,
  addFindDeliveries,
  addGetDelivery,
  addRedeliver,
  addAddDoNotCall,
  addListDoNotCall,
  addRemoveDoNotCall,
  addGetLimits,
  addCreateApiKey,
  addListApiKeys,
  addGetApiKey,
  addRotateApiKey,
  addRevokeApiKey,
  addListAuditEntries,
  addHealth,
  addTwilioAnswer,
  addTwilioResume,
  addTwilioStatus,
  addTwilioInbound,
  addTwilioStream,
  addTwilioMachine,
]

export function addRoutes(api: Api, dependencies: ApiDependencies): void {
  for (const add of ROUTES) add(api, dependencies)
}
