import type { Agent as PlainAgent } from 'node:http'
import type { Agent as SecureAgent } from 'node:https'

/** What makes connections, by protocol. */
export interface Agents {
  readonly http: PlainAgent
  readonly https: SecureAgent
}

/** One request that was sent, after it ended. */
export interface RemoteRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE'
  /** Of the object, without the prefix of the storage; absent for listings and questions about a bucket. */
  readonly key?: string
  /** Bytes of the body that were to be sent, and of those that arrived. Headers and what encryption adds are not counted. */
  readonly bytesSent: number
  readonly bytesReceived: number
  /** HTTP status; absent if there was no answer. */
  readonly status?: number
  /** From 1; how often this was tried. */
  readonly attempt: number
}

/** How a storage on a network deals with what goes wrong there. */
export interface NetworkOptions {
  /** Told of every request when it ends, failed ones included. Must not throw. */
  readonly onRequest?: (request: RemoteRequest) => void
  /** How many requests are under way at once; 16 by default. Further ones wait for their turn. */
  readonly maxRequests?: number
  /** How often one request is tried, the first time included; 8 by default. */
  readonly maxAttempts?: number
  /** After this time no further attempt begins; 120,000 ms by default. */
  readonly retryForMs?: number
  /** A connection on which nothing moves for so long is given up, and the request tried again; 30,000 ms by default. */
  readonly idleTimeoutMs?: number
  /** What makes connections, as by a proxy. Not closed with the storage. Default: such as go straight to the server, and are kept open between requests. */
  readonly agents?: Agents
}
