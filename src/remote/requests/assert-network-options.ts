import { InvalidArgumentError } from '../../errors.ts'
import type { NetworkOptions } from './interface.ts'

/** @throws InvalidArgumentError for a bound with which nothing would ever be sent */
export function assertNetworkOptions({ maxRequests, maxAttempts, retryForMs, idleTimeoutMs }: NetworkOptions): void {
  assertFrom('maxRequests', maxRequests, 1)
  assertFrom('maxAttempts', maxAttempts, 1)
  assertFrom('retryForMs', retryForMs, 0)
  assertFrom('idleTimeoutMs', idleTimeoutMs, 1)
}

/** @throws InvalidArgumentError unless `value` is absent, or an integer that is not less than `least` */
export function assertFrom(name: string, value: number | undefined, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return
  throw new InvalidArgumentError(`${name} is ${value}; it must be an integer from ${least}`, { data: { name, value } })
}
