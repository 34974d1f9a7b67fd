/**
 * The driver's codes for a connection that is not there, and the server's for a session that it ends or does not begin (PostgreSQL, appendix A, "error
 * codes": classes 08 and 57P, and 53300).
 */
const CODES =
  /^(CONNECTION_(CLOSED|ENDED|DESTROYED)|CONNECT_TIMEOUT|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|08...|57P0[1-3]|53300)$/

/** Whether a statement failed because the database could not be asked or went away meanwhile: whether it took place is then unknown. */
export function isDatabaseUnreachable(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && CODES.test(String(cause.code))) return true
  }
  return false
}
