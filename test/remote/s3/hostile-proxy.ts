import { createServer, request as requestOf, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of one request on its way. */
export type Fate =
  | { readonly type: 'pass' }
  /** Not passed on; answered with an error of S3. */
  | { readonly type: 'refuse'; readonly status: number; readonly code: string }
  /** Not passed on; the connection is reset once some of the body has arrived. */
  | { readonly type: 'reset' }
  /** Passed on, and the answer thrown away with the connection. */
  | { readonly type: 'lose-answer' }
  /** Passed on, and answered with something else than the server did. */
  | { readonly type: 'lie'; readonly status: number; readonly code: string }
  /** The answer ends in the middle of its body. */
  | { readonly type: 'cut' }
  /** The answer is well-formed, and half as long as it says it should be: `Content-Range` stays. */
  | { readonly type: 'shorten' }
  /** One bit of the answer's body is another. */
  | { readonly type: 'alter' }
  | { readonly type: 'header'; readonly name: string; readonly value: string }
  /** Nothing comes, or half of a body and then nothing. */
  | { readonly type: 'hang' }
  | { readonly type: 'hang-midway' }

export interface Passing {
  readonly method: string
  readonly url: string
  /** From 0, of all requests. */
  readonly index: number
}

/** A proxy that does to requests what it is told. */
export interface HostileProxy {
  readonly endpoint: string
  /** Replaced at any time. Default: everything passes. */
  plan: (passing: Passing) => Fate
  readonly seen: Passing[]
  readonly stop: () => Promise<void>
}

export const PASS: Fate = { type: 'pass' }

export async function startHostileProxy(target: string): Promise<HostileProxy> {
  const { hostname, port } = new URL(target)
  const server = createServer((incoming, answer) => {
    const passing = { method: incoming.method ?? '', url: incoming.url ?? '', index: proxy.seen.length }
    proxy.seen.push(passing)
    incoming.on('error', () => undefined)
    answer.on('error', () => undefined)
    handle(proxy.plan(passing), incoming, answer, { hostname, port })
  })
  const proxy: HostileProxy = { endpoint: '', plan: () => PASS, seen: [], stop: () => stopped(server) }
  return Object.assign(proxy, { endpoint: await listening(server) })
}

export function errorText(code: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>said on purpose</Message></Error>`
}

export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export async function stopped(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => {
    server.close(resolve)
  })
}

function handle(fate: Fate, incoming: IncomingMessage, answer: ServerResponse, target: { readonly hostname: string; readonly port: string }): void {
  if (fate.type === 'hang') return void incoming.resume()
  if (fate.type === 'reset') return void incoming.once('data', () => incoming.socket.resetAndDestroy()).once('end', () => incoming.socket.resetAndDestroy())
  if (fate.type === 'refuse') {
    incoming.resume().on('end', () => refuse(answer, fate.status, fate.code))
    return
  }
  const outgoing = requestOf({ ...target, method: incoming.method, path: incoming.url, headers: incoming.headers, agent: false }, (given) => pass(fate, incoming, given, answer))
  outgoing.on('error', () => incoming.socket.destroy())
  incoming.pipe(outgoing)
}

function pass(fate: Fate, incoming: IncomingMessage, given: IncomingMessage, answer: ServerResponse): void {
  const parts: Buffer[] = []
  given.on('data', (part: Buffer) => parts.push(part))
  given.on('error', () => answer.destroy())
  given.on('end', () => {
    const body = Buffer.concat(parts)
    const half = body.subarray(0, body.length >> 1)
    const { 'transfer-encoding': _encoding, connection: _connection, ...headers } = given.headers
    const status = given.statusCode ?? 500
    if (fate.type === 'lose-answer') return void incoming.socket.resetAndDestroy()
    if (fate.type === 'lie') return refuse(answer, fate.status, fate.code)
    if (fate.type === 'alter' && body.length > 0) body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1
    if (fate.type === 'header') headers[fate.name] = fate.value
    if (fate.type === 'shorten') answer.writeHead(status, { ...headers, 'content-length': half.length }).end(half)
    else if (fate.type === 'cut') answer.writeHead(status, headers).write(half, () => setTimeout(() => incoming.socket.destroy(), 20))
    else if (fate.type === 'hang-midway') answer.writeHead(status, headers).write(half)
    else answer.writeHead(status, headers).end(incoming.method === 'HEAD' ? undefined : body)
  })
}

function refuse(answer: ServerResponse, status: number, code: string): void {
  answer.writeHead(status, { 'content-type': 'application/xml' }).end(errorText(code))
}
