import { createServer, type IncomingMessage } from 'node:http'
import { s3Storage, type S3Storage } from '../../../src/remote/s3/s3-storage.ts'
import type { S3Settings } from '../../../src/remote/s3/interface.ts'
import { errorText, listening, stopped } from './hostile-proxy.ts'
import { CREDENTIALS } from './servers.ts'

export interface ScriptedAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface ScriptedRequest {
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Something that answers as a server may, where only what it says matters. It believes every signature. */
export interface ScriptedS3 {
  readonly endpoint: string
  answer: (request: ScriptedRequest) => ScriptedAnswer
  readonly seen: ScriptedRequest[]
  readonly storage: (settings?: S3Settings) => S3Storage
  readonly stop: () => Promise<void>
}

export async function startScriptedS3(): Promise<ScriptedS3> {
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const request = { method: incoming.method ?? '', url: new URL(incoming.url ?? '/', 'http://host'), headers: incoming.headers, body: Buffer.concat(parts) }
      scripted.seen.push(request)
      const { status, headers, body } = scripted.answer(request)
      outgoing.writeHead(status, { ...headers }).end(request.method === 'HEAD' ? undefined : body)
    })
  })
  const endpoint = await listening(server)
  const scripted: ScriptedS3 = {
    endpoint, answer: () => ({ status: 500 }), seen: [], stop: () => stopped(server),
    storage: (settings = {}) => s3Storage({ bucket: 'varve', endpoint, prefix: 'data' }, { credentials: CREDENTIALS, maxAttempts: 4, retryForMs: 5000, idleTimeoutMs: 1000, ...settings }),
  }
  return scripted
}

export function refusal(status: number, code: string, headers: Readonly<Record<string, string>> = {}): ScriptedAnswer {
  return { status, headers: { 'content-type': 'application/xml', ...headers }, body: errorText(code) }
}

/** A store of whole objects that is in order but for what `conditions` says of how it takes `If-None-Match`. */
export function forgetfulStore(conditions: 'kept' | 'ignored' | 'ignored in parts' | 'racing' | 'unknown'): (request: ScriptedRequest) => ScriptedAnswer {
  const objects = new Map<string, { readonly body: Buffer; readonly id: string }>()
  const uploads = new Map<string, { readonly id: string; readonly parts: Buffer[] }>()
  let creations = 0
  return ({ method, url, headers, body }) => {
    const key = url.pathname
    const found = objects.get(key)
    const id = String(headers['x-amz-meta-varve-write'])
    if (method === 'POST' && url.searchParams.has('uploads')) {
      uploads.set(`u${uploads.size}`, { id, parts: [] })
      return { status: 200, body: `<InitiateMultipartUploadResult><UploadId>u${uploads.size - 1}</UploadId></InitiateMultipartUploadResult>` }
    }
    const upload = uploads.get(url.searchParams.get('uploadId') ?? '')
    if (upload !== undefined) {
      if (method === 'DELETE') return { status: 204 }
      if (method === 'PUT') upload.parts.push(body)
      else if (found !== undefined && conditions !== 'ignored in parts') return refusal(412, 'PreconditionFailed')
      else objects.set(key, { body: Buffer.concat(upload.parts), id: upload.id })
      return { status: 200, headers: { etag: '"e"' }, body: method === 'PUT' ? '' : '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>' }
    }
    if (method === 'PUT') {
      if (conditions === 'unknown') return refusal(501, 'NotImplemented')
      // Of writes at once, some see that the key is free though it is not any more.
      const looksAway = conditions === 'ignored' || (conditions === 'racing' && key.endsWith('at-once') && creations++ < 3)
      if (found !== undefined && headers['if-none-match'] === '*' && !looksAway) return refusal(412, 'PreconditionFailed')
      objects.set(key, { body, id })
      return { status: 200, headers: { etag: '"e"' } }
    }
    if (method === 'DELETE') {
      objects.delete(key)
      return { status: 204 }
    }
    if (url.searchParams.has('list-type')) return { status: 200, headers: { 'content-type': 'application/xml' }, body: listing([...objects.keys()].map((name) => name.slice('/varve/'.length))) }
    if (found === undefined) return refusal(404, 'NoSuchKey')
    return { status: 200, headers: { etag: '"e"', 'x-amz-meta-varve-write': found.id, 'content-length': String(found.body.length) }, body: found.body }
  }
}

export function listing(keys: readonly string[], next?: string): string {
  const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size></Contents>`).join('')
  return `<?xml version="1.0"?><ListBucketResult><Name>varve</Name><KeyCount>${keys.length}</KeyCount><IsTruncated>${next !== undefined}</IsTruncated>${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}${contents}</ListBucketResult>`
}
