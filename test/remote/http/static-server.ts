import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { CERTIFICATE, KEY } from '../proxy/certificate.ts'
import { listening, stopped } from '../s3/hostile-proxy.ts'

export interface StaticServer {
  readonly url: string
  readonly objects: Map<string, Uint8Array>
  /** Answers in place of the server if it returns true. */
  intercept: (request: IncomingMessage, answer: ServerResponse) => boolean
  readonly seen: string[]
  readonly stop: () => Promise<void>
}

export interface StaticServerOptions {
  /** False for a server that answers with whole files. Default true. */
  readonly ranges?: boolean
  /** False for a server that refuses HEAD. Default true. */
  readonly head?: boolean
  /** False for a server that does not say how long a whole file is. Default true. */
  readonly lengths?: boolean
  /** True for https, with the certificate of `proxy/certificate.ts`. Default false. */
  readonly secure?: boolean
}

/** A web server for files as common ones are: it knows ranges, and sends from `folder` to `folder/`, where it shows what is in it. */
export async function startStaticServer({ ranges = true, head = true, lengths = true, secure = false }: StaticServerOptions = {}): Promise<StaticServer> {
  const serve = (request: IncomingMessage, answer: ServerResponse): void => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname)
    const key = path.replace(/^\/site\//, '')
    const bytes = served.objects.get(key)
    served.seen.push(`${request.method} ${key}${request.headers.range === undefined ? '' : ` ${request.headers.range}`}`)
    if (served.intercept(request, answer)) return
    if (request.method === 'HEAD' && !head) return void answer.writeHead(405).end()
    if (bytes === undefined) {
      const isFolder = [...served.objects.keys()].some((name) => name.startsWith(key.endsWith('/') ? key : `${key}/`))
      if (isFolder && !path.endsWith('/')) return void answer.writeHead(301, { location: `${path}/` }).end()
      return void answer.writeHead(isFolder ? 200 : 404, { 'content-type': 'text/html' }).end('<html></html>')
    }
    const [, from, to] = (ranges ? /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') : null) ?? []
    if (from === undefined || to === undefined) return void answer.writeHead(200, lengths ? { 'content-length': bytes.length } : {}).end(request.method === 'HEAD' ? undefined : bytes)
    if (Number(from) >= bytes.length) return void answer.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end()
    const end = to === '' ? bytes.length : Math.min(bytes.length, Number(to) + 1)
    answer.writeHead(206, { 'content-range': `bytes ${from}-${end - 1}/${bytes.length}`, 'content-length': end - Number(from) }).end(bytes.subarray(Number(from), end))
  }
  const server = secure ? createSecureServer({ cert: CERTIFICATE, key: KEY }, serve) : createServer(serve)
  const origin = await listening(server)
  const served: StaticServer = { url: `${secure ? origin.replace('http://127.0.0.1', 'https://localhost') : origin}/site`, objects: new Map(), intercept: () => false, seen: [], stop: () => stopped(server) }
  return served
}
