import { Agent as PlainAgent, type ClientRequest } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { isIPv6 } from 'node:net'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
import { errorCode } from '../../node/system-errors.ts'
import type { Agents } from '../requests/interface.ts'
import { RequestFailure } from '../requests/request-failure.ts'
import { proxyOf, type Variables } from './proxy-of.ts'

const CONNECT_TIMEOUT_MS = 10_000
const AROUND = 'or let the host be reached without it: NO_PROXY.'

/** How Node hands a request to an agent: before any of it is written, so that an agent may alter it. */
interface Taker {
  addRequest(request: ClientRequest, options: TakenOptions): void
}

interface TakenOptions {
  readonly host?: string
  readonly port?: number | string
}

/**
 * Connections by the proxies that variables name, or without one: which, is decided for each request. https goes through a tunnel that the proxy cannot look into. What goes wrong with the
 * proxy itself is a RequestFailure that says so.
 */
export function proxyAgents(variables: Variables): Agents {
  const proxied = new Map<string, PlainAgent>()
  /** Takes a request if a proxy is meant for its host. */
  const take = (protocol: 'http:' | 'https:', request: ClientRequest, options: TakenOptions): boolean => {
    const { host = '', port = '' } = options
    const proxy = proxyOf(new URL(`${protocol}//${isIPv6(host) ? `[${host}]` : host}:${port}`), variables)
    if (proxy === undefined) return false
    const isSecure = protocol === 'https:'
    const name = `${protocol} ${proxy.href}`
    const agent = proxied.get(name) ?? (isSecure ? new TunnelAgent(proxy, { keepAlive: true }) : new ForwardAgent(proxy, { keepAlive: true }))
    proxied.set(name, agent)
    asTaker(agent).addRequest(request, { ...options, secureEndpoint: isSecure } as TakenOptions)
    return true
  }
  class PerhapsProxied extends PlainAgent {
    addRequest(request: ClientRequest, options: TakenOptions): void {
      if (!take('http:', request, options)) asTaker(PlainAgent.prototype).addRequest.call(this, request, options)
    }
  }
  class PerhapsTunnelled extends SecureAgent {
    addRequest(request: ClientRequest, options: TakenOptions): void {
      if (!take('https:', request, options)) asTaker(SecureAgent.prototype).addRequest.call(this, request, options)
    }
  }
  return { http: new PerhapsProxied({ keepAlive: true }), https: new PerhapsTunnelled({ keepAlive: true }) }
}

function asTaker(agent: object): Taker {
  return agent as Taker
}

/** Requests of http are handed to the proxy as they are. */
class ForwardAgent extends HttpProxyAgent<string> {
  override async connect(request: Parameters<HttpProxyAgent<string>['connect']>[0], options: Parameters<HttpProxyAgent<string>['connect']>[1]): ReturnType<HttpProxyAgent<string>['connect']> {
    return reached(this, request, () => super.connect(request, options))
  }
}

class TunnelAgent extends HttpsProxyAgent<string> {
  constructor(...settings: ConstructorParameters<typeof HttpsProxyAgent<string>>) {
    super(...settings)
    // Otherwise what the proxy says would be taken for an answer of the server.
    this.on('proxyConnect', ({ statusCode }: { readonly statusCode: number }) => {
      if (statusCode !== 200) throw refused(this.proxy, statusCode)
    })
  }

  override async connect(request: ClientRequest, options: Parameters<HttpsProxyAgent<string>['connect']>[1]): ReturnType<HttpsProxyAgent<string>['connect']> {
    return reached(this, request, () => super.connect(request, options))
  }
}

/** Waits for a connection to a proxy, which is given up when the request is: until there is one, a request that is destroyed tells nobody. */
async function reached<T>(agent: Pick<HttpProxyAgent<string>, 'proxy' | 'connectOpts'>, request: ClientRequest, connect: () => Promise<T>): Promise<T> {
  const end = new AbortController()
  const late = setTimeout(() => end.abort(), CONNECT_TIMEOUT_MS)
  const destroy = request.destroy.bind(request)
  request.destroy = (error) => {
    end.abort()
    return destroy(error)
  }
  // Read before the first thing that is waited for.
  agent.connectOpts = { ...agent.connectOpts, signal: end.signal }
  try {
    return await connect()
  } catch (error) {
    throw error instanceof RequestFailure ? error : notReached(agent.proxy, error)
  } finally {
    clearTimeout(late)
    Reflect.deleteProperty(request, 'destroy')
  }
}

function notReached({ host }: URL, cause: unknown): RequestFailure {
  const code = errorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause))
  return new RequestFailure({ reason: 'EPROXY', what: code === 'ABORT_ERR' ? `the proxy ${host} does not answer` : `the proxy ${host} cannot be reached (${code})`, again: 'few', cause, hint: `Check HTTPS_PROXY and HTTP_PROXY, ${AROUND}` })
}

function refused({ host }: URL, status: number): RequestFailure {
  if (status === 407) return new RequestFailure({ reason: 'EPROXY', what: `the proxy ${host} asks for credentials`, again: 'never', hint: `Give them in HTTPS_PROXY as http://user:password@host:port, ${AROUND}` })
  const isBusy = status >= 500 || status === 429
  return new RequestFailure({ reason: 'EPROXY', what: `the proxy ${host} does not let the server be reached (it answers ${status})`, again: isBusy ? 'few' : 'never', hint: `Ask whoever keeps the proxy, ${AROUND}` })
}
