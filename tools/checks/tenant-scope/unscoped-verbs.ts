/**
 * The verbs whose statements do not name an organization by a value, and why each may. An entry is `file verb`, below packages/services/src. One that is
 * missing here fails the check; so does one that is no longer needed.
 */

/** Why a statement may do without. */
export type Reason =
  /** It is a part of a statement, or is built of parts, in which the organization is named; or it is given the organization as a column. */
  | 'part'
  /** The same verb has found the call, endpoint or key for its organization before; what it touches hangs on that. */
  | 'checked'
  /** It takes the id of something that its caller has found for its organization. Routes for users do not call it. */
  | 'by-id'
  /** The carrier names the thing, and the request is believed by its signature only. */
  | 'carrier'
  /** It looks after the rows of every organization, for no request of anybody's. */
  | 'system'
  /** For the person who runs the deployment. */
  | 'deployment'

export const UNSCOPED_VERBS: Readonly<Record<Reason, readonly string[]>> = {
  part: [
    'audit/write-audit.ts insertAudit',
    'audit/write-audit.ts writeAudit',
    'calls/call-for-session.ts sessionColumns',
    'calls/load-for-create.ts loadAll',
    'deliveries/claim-candidates.ts dueAtBroken',
    'deliveries/claim-candidates.ts dueCandidates',
    'deliveries/claim-candidates.ts namedCandidates',
    'deliveries/judge-receiver.ts countFailure',
    'deliveries/read-deliveries.ts readDeliveries',
    'dial-policy/may-dial.ts mayDial',
    'streams/open-stream.ts mayRecord',
    'usage/record-usage.ts usageLinesWrite',
    'webhook-endpoints/read-endpoints.ts select',
  ],
  checked: [
    'calls/accept-inbound-call.ts findInboundCall',
    'commands/request-command.ts requestCommand',
    'recordings/recording-link.ts openRecordingLink',
    'recordings/recording-link.ts revokeRecordingLinks',
    'secret-rotation/reseal.ts resealAssistants',
    'webhook-endpoints/read-statistics.ts readStatistics',
  ],
  'by-id': [
    'calls/call-for-session.ts loadCallForSession',
    'calls/call-writer.ts writeCallChange',
    'calls/end-for-voicemail.ts endForVoicemail',
    'calls/list-quiet-calls.ts touchCalls',
    'calls/record-turn-measurement.ts recordTurnMeasurement',
    'commands/finish-command.ts finishCommand',
    'commands/read-command-result.ts readCommandResult',
    'commands/withdraw-command.ts withdrawCommand',
    'content/empty-recording.ts emptyRecording',
    'content/empty-rows.ts emptyRows',
    'dials/dial-intent.ts ownedCarrierCalls',
    'dials/dial-intent.ts writeIntent',
    'finish/finish-call.ts analyse',
    'finish/finish-call.ts listTurnTimes',
    'media-nodes/reserve-node.ts reserveNode',
    'recordings/read-recording.ts findRecording',
    'recordings/read-recording.ts listRecordedStreams',
    'recordings/write-recording.ts addRecordingPart',
    'recordings/write-recording.ts completeRecording',
    'recordings/write-recording.ts startRecording',
    'streams/close-stream.ts closeStream',
    'usage/list-usage.ts listUsage',
    'webhook-endpoints/endpoint-secret.ts getEndpointSecret',
  ],
  carrier: [
    'calls/find-call-by-carrier-id.ts findCallByCarrierId',
    'carrier-accounts/find-carrier-account-by-sid.ts findCarrierAccountBySid',
    'phone-numbers/find-bound-number.ts findBoundNumber',
    'streams/find-stream-account.ts findStreamAccount',
    'streams/mint-stream.ts mintStream',
    'streams/open-stream.ts openStream',
  ],
  system: [
    'api-keys/authenticate-api-key.ts findApiKey',
    'calls/list-quiet-calls.ts listQuietCalls',
    'commands/delete-old-commands.ts deleteOldCommands',
    'commands/take-commands.ts takeCommands',
    'deliveries/claim-deliveries.ts claimDeliveries',
    'deliveries/delete-old-breakers.ts deleteOldBreakers',
    'deliveries/record-attempt.ts abandonDelivery',
    'deliveries/record-attempt.ts recordAttempt',
    'deliveries/record-successes.ts recordSuccesses',
    'dials/hand-over-orphans.ts listOrphans',
    'idempotency/delete-old-keys.ts deleteOldIdempotencyKeys',
    'limits/admit-calls.ts admitCalls',
    'privacy/delete-expired.ts deleteExpiredContent',
    'privacy/delete-expired.ts deleteExpiredRecordings',
    'recordings/delete-merged-parts.ts deleteMergedParts',
    'work/claim-work.ts claimWork',
    'work/settle-work.ts settle',
  ],
  deployment: [
    'organizations/create-organization.ts createOrganization',
    'organizations/read-organizations.ts listOrganizations',
    'secret-rotation/rotate-master-key.ts rotateMasterKey',
    'secrets/data-keys.ts createDataKeys',
  ],
}

/** Reasons whose verbs a route for users may call: they cannot be turned against another organization. */
export const SAFE_REASONS: ReadonlySet<Reason> = new Set(['part', 'checked'])

/** Routes for users that call another verb all the same, as `file verb`, below apps/api/src/routes, and why. */
export const ROUTE_EXCEPTIONS: Readonly<Record<string, string>> = {
  'calls/show-call.ts findRecording': 'of a call row that was found for the key',
  'calls/ready-recording.ts findRecording': 'of a call row that was found for the key',
  'calls/command-call.ts readCommandResult': 'of the command that this request has just made',
  'calls/command-call.ts withdrawCommand': 'of the command that this request has just made',
}
