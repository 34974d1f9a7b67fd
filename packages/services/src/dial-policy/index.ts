export {
  COUNTRIES_DEFAULT,
  checkDial,
  type DialPolicy,
  type DialQuestion,
  type DialRefusal,
} from './check-dial.ts'
export { dialRefused, mayDial } from './may-dial.ts'
export { type DialPolicyChange, setDialPolicy } from './set-dial-policy.ts'
export { getDialPolicy, type StoredPolicy, toHours, toPolicy } from './stored-policy.ts'
