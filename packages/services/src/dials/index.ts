export {
  DIAL_GIVE_UP_MS,
  type DialCarrier,
  type DialInput,
  dialCall,
  SILENCE_BEFORE_REDIAL_MS,
} from './dial-call.ts'
export { hangUpCall } from './hang-up-call.ts'
export { QUIET_MS, type ReconcileInput, reconcileQuietCalls } from './reconcile-quiet-calls.ts'
