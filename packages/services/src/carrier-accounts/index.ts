export { addCarrierAccount } from './add-carrier-account.ts'
export { findCarrierAccountBySid, type KnownCarrierAccount } from './find-carrier-account-by-sid.ts'
export { type CarrierAccountInfo, listCarrierAccounts } from './list-carrier-accounts.ts'
export { resolveCarrierAccount } from './resolve-carrier-account.ts'
