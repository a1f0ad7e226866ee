import { request as plainRequest, type IncomingMessage } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { Agents } from '../requests/interface.ts'
import { RequestFailure } from '../requests/request-failure.ts'

const MAX_REDIRECTS = 5

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD'
  readonly url: URL
  /** Value of the header `Range`. */
  readonly range?: string
  readonly agents: Agents
  readonly idleTimeoutMs: number
  readonly signal: AbortSignal
  /** Told of each answer, redirects included. */
  readonly onAnswer: (status: number) => void
}

/** The answer, whose body is still to be read or destroyed. `folder` if the server says that the address is that of a folder. */
export interface HttpAnswer {
  readonly status: number | 'folder'
  readonly message: IncomingMessage
}

/**
 * Sends a request, and follows redirects as long as they stay with the server that was asked.
 * @throws RequestFailure for a redirect to another one, or for more than 5; otherwise what the system says
 */
export async function sendHttp(request: HttpRequest): Promise<HttpAnswer> {
  let { url } = request
  for (let redirects = 0; ; redirects++) {
    const message = await sendOnce(request, url)
    const status = message.statusCode ?? 0
    request.onAnswer(status)
    if (![301, 302, 303, 307, 308].includes(status)) return { status, message }
    message.destroy()
    const target = targetOf(message.headers.location, url)
    if (target?.origin !== url.origin) throw refused(target === undefined ? 'an address that is none' : target.origin)
    // A key never ends in "/": that is where a server shows a folder.
    if (target.pathname === `${url.pathname}/`) return { status: 'folder', message }
    if (redirects === MAX_REDIRECTS) throw refused('one address after the other')
    url = target
  }
}

function sendOnce({ method, range, agents, idleTimeoutMs, signal }: HttpRequest, url: URL): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === 'https:'
    const options = { method, signal, agent: isSecure ? agents.https : agents.http, timeout: idleTimeoutMs, headers: { 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) } }
    const sent = (isSecure ? secureRequest : plainRequest)(url, options, (message) => {
      answer = message
      resolve(message)
    })
    let answer: IncomingMessage | undefined
    // Of the connection: also while a body is read.
    sent.on('timeout', () => (answer ?? sent).destroy(Object.assign(new Error(`nothing came for ${idleTimeoutMs} ms`), { code: 'ETIMEDOUT' })))
    sent.on('error', reject)
    sent.end()
  })
}

function targetOf(location: string | undefined, base: URL): URL | undefined {
  return location !== undefined && URL.canParse(location, base) ? new URL(location, base) : undefined
}

function refused(where: string): RequestFailure {
  return new RequestFailure({ reason: 'EREDIRECT', what: `the server sends to ${where}, which is not followed`, again: 'never', hint: 'If you trust that server, give its address instead.' })
}
