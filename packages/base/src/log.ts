import { pino } from 'pino'
import { describeError } from './describe-error.ts'
import { scrubPhoneNumbers, scrubSecrets } from './scrub.ts'

/**
 * A structured log. Messages are constant strings; everything that varies is a field. What a customer said or owns (transcripts, phone
 * numbers, prompts, tool arguments) goes only under the `customer` key, which is removed unless the deployment asks to see it. Whatever looks like a
 * secret, or without that wish like a phone number, is masked in every line.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A log that adds these fields to every line. */
  child(fields: LogFields): Log
}

export interface LogFields {
  [name: string]: unknown
  /** Removable personal content. */
  customer?: Record<string, unknown>
  /** An error to be shown with its stack. */
  error?: unknown
}

export interface LogOptions {
  /** The process that writes, e.g. `api`. */
  service: string
  level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Keep the `customer` key. Default false. */
  showCustomerContent?: boolean
  /** Where lines go. Default: standard output. */
  write?: (line: string) => void
}

/** Writes one JSON object per line. */
export function createLog(options: LogOptions): Log {
  const settings = {
    base: { service: options.service },
    level: options.level ?? 'info',
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { error: (error: unknown) => describeError(error, options.showCustomerContent ?? false) },
    hooks: { streamWrite: options.showCustomerContent ? scrubSecrets : scrubLine },
    redact: options.showCustomerContent ? [] : { paths: ['customer'], remove: true },
  }
  return wrap(options.write ? pino(settings, { write: options.write }) : pino(settings))
}

function scrubLine(line: string): string {
  return scrubPhoneNumbers(scrubSecrets(line))
}

/** Drops everything; for tests that do not look at logs. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
}

function wrap(logger: pino.Logger): Log {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    child: (fields) => wrap(logger.child(fields)),
  }
}

/** `+12025550100` → `+*******0100`: enough to tell two numbers apart, too little to call one. */
export function maskPhoneNumber(phoneNumber: string): string {
  if (phoneNumber.length <= 5) return phoneNumber
  return `${phoneNumber.slice(0, 1)}${'*'.repeat(phoneNumber.length - 5)}${phoneNumber.slice(-4)}`
}
