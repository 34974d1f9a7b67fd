import { AppError, CarrierError, ProviderError } from './errors.ts'

const CAUSES_MAX = 4

/**
 * An error as a log shows it: what helps to find the cause, and no more. Vendors' and drivers' errors carry requests, headers and rows as further fields,
 * which are left out; fields of our own errors are chosen where they are thrown. What is behind an outside error is in the words of the vendor, who likes
 * to repeat what was said: it counts as customers' content, like `context.customer`.
 */
export function describeError(error: unknown, showCustomerContent: boolean): unknown {
  return describe(error, { showCustomerContent, showMessage: true, depth: 0 })
}

interface How {
  showCustomerContent: boolean
  showMessage: boolean
  depth: number
}

function describe(error: unknown, how: How): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' && how.showMessage ? error : typeof error
  const { name, message, stack, cause } = error
  const { code } = error as { code?: unknown }
  const isOutside = error instanceof CarrierError || error instanceof ProviderError
  const behind = {
    showCustomerContent: how.showCustomerContent,
    showMessage: how.showCustomerContent || (how.showMessage && !isOutside),
    depth: how.depth + 1,
  }
  return {
    type: name,
    ...(how.showMessage ? { message } : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(error instanceof AppError ? ownFields(error, how.showCustomerContent) : {}),
    ...(how.depth === 0 ? { stack } : {}),
    ...(cause === undefined || how.depth >= CAUSES_MAX ? {} : { cause: describe(cause, behind) }),
  }
}

function ownFields(error: AppError, showCustomerContent: boolean): Record<string, unknown> {
  const { code, retryable, fields, context } = error
  const { customer: _, ...impersonal } = context
  const { vendor, operation, category, status, vendorCode } = error as Partial<CarrierError>
  return {
    code,
    retryable,
    fields,
    context: showCustomerContent ? context : impersonal,
    ...(vendor === undefined ? {} : { vendor, operation, category, status, vendorCode }),
  }
}
