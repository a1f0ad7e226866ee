import { createServer, request as requestOf } from 'node:http'
import { connect } from 'node:net'
import { listening, stopped } from '../s3/hostile-proxy.ts'

export interface CountingProxy {
  /** For HTTP_PROXY and HTTPS_PROXY. */
  readonly url: string
  /** What it was asked for: `GET http://host/path`, `CONNECT host:port`. */
  readonly seen: string[]
  /** The header Proxy-Authorization of the last request. */
  authorization: string | undefined
  /** A status by which all is refused, or `silent` for no answer at all; replaced at any time. */
  refuses: number | 'silent' | undefined
  readonly stop: () => Promise<void>
}

/** A proxy as companies have it: it passes requests of http on, makes tunnels for those of https, and counts. */
export async function startCountingProxy(): Promise<CountingProxy> {
  const server = createServer((incoming, answer) => {
    proxy.seen.push(`${incoming.method} ${incoming.url}`)
    proxy.authorization = incoming.headers['proxy-authorization']
    if (proxy.refuses === 'silent') return
    if (proxy.refuses !== undefined) return void answer.writeHead(proxy.refuses, { 'content-type': 'text/html' }).end('<html></html>')
    if (incoming.url?.startsWith('http://') !== true) return void answer.writeHead(400).end('this is a proxy')
    const { 'proxy-authorization': _own, 'proxy-connection': _connection, ...headers } = incoming.headers
    const outgoing = requestOf(incoming.url, { method: incoming.method, headers, agent: false }, (given) => given.pipe(answer.writeHead(given.statusCode ?? 500, given.headers)))
    outgoing.on('error', () => incoming.socket.destroy())
    incoming.pipe(outgoing)
  })
  server.on('connect', (incoming, socket) => {
    proxy.seen.push(`CONNECT ${incoming.url}`)
    proxy.authorization = incoming.headers['proxy-authorization']
    socket.on('error', () => undefined)
    if (proxy.refuses === 'silent') return void socket.resume().on('end', () => socket.destroy())
    if (proxy.refuses !== undefined) return void socket.end(`HTTP/1.1 ${proxy.refuses} Refused\r\ncontent-length: 0\r\n\r\n`)
    const [host, port] = (incoming.url ?? '').split(':')
    const tunnel = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(tunnel).pipe(socket)
    })
    tunnel.on('error', () => socket.destroy())
    socket.on('close', () => tunnel.destroy())
  })
  const proxy: CountingProxy = { url: await listening(server), seen: [], authorization: undefined, refuses: undefined, stop: () => stopped(server) }
  return proxy
}
