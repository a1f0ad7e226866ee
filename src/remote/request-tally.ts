import type { RemoteRequest } from './requests/interface.ts'

/** Requests of one method. Bytes are those of bodies. */
export interface MethodTally {
  count: number
  bytesSent: number
  bytesReceived: number
  /** How many of them were tried again, or failed. */
  failed: number
}

/** What was asked of a remote over a network, by method; empty for a folder. */
export type RequestTally = Partial<Record<RemoteRequest['method'], MethodTally>>

/** Adds up requests as they end. */
export function tallyOf(tally: RequestTally): (request: RemoteRequest) => void {
  return ({ method, bytesSent, bytesReceived, status }) => {
    const sum = (tally[method] ??= { count: 0, bytesSent: 0, bytesReceived: 0, failed: 0 })
    sum.count++
    sum.bytesSent += bytesSent
    sum.bytesReceived += bytesReceived
    // That an object is absent, or there already, is an answer.
    if (status === undefined || (status >= 400 && status !== 404 && status !== 412)) sum.failed++
  }
}

/** The sums of several. */
export function sumOf(tallies: readonly RequestTally[]): RequestTally {
  const sums: RequestTally = {}
  for (const tally of tallies) {
    for (const [method, { count, bytesSent, bytesReceived, failed }] of Object.entries(tally) as [RemoteRequest['method'], MethodTally][]) {
      const sum = (sums[method] ??= { count: 0, bytesSent: 0, bytesReceived: 0, failed: 0 })
      sum.count += count
      sum.bytesSent += bytesSent
      sum.bytesReceived += bytesReceived
      sum.failed += failed
    }
  }
  return sums
}
