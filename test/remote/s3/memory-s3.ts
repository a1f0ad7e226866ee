import { createServer } from 'node:http'
import { CREDENTIALS } from './servers.ts'
import { errorText, listening, stopped } from './hostile-proxy.ts'

export interface MemoryS3 {
  readonly endpoint: string
  /** Address of a repository in it. */
  readonly url: string
  /** By key, in the bucket. */
  readonly objects: Map<string, { readonly body: Buffer; readonly id: string }>
  /** `METHOD key` of each request, in order. */
  readonly seen: string[]
  /** A request of which this is true is read and never answered; replaced at any time. */
  holds: (request: { readonly method: string; readonly key: string }) => boolean
  readonly stop: () => Promise<void>
}

/** For processes that are to reach it. */
export const S3_VARIABLES: Readonly<Record<string, string>> = { AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey }

const BUCKET = '/varve/'

/** A server of S3 that keeps one bucket in memory, needs no program, and can fall silent. */
export async function startMemoryS3(): Promise<MemoryS3> {
  const uploads = new Map<string, { readonly id: string; readonly parts: Map<number, Buffer> }>()
  const server = createServer((incoming, answer) => {
    const parts: Buffer[] = []
    incoming.on('error', () => undefined)
    incoming.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const url = new URL(incoming.url ?? '/', 'http://host')
      const method = incoming.method ?? ''
      const key = decodeURIComponent(url.pathname.slice(BUCKET.length))
      s3.seen.push(`${method} ${key}`)
      if (s3.holds({ method, key })) return
      const found = s3.objects.get(key)
      if (url.searchParams.has('list-type')) return void answer.writeHead(200, { 'content-type': 'application/xml' }).end(listed(s3.objects, url.searchParams.get('prefix') ?? ''))
      const conflicts = found !== undefined && incoming.headers['if-none-match'] === '*'
      const refused = (): void => void answer.writeHead(412, { 'content-type': 'application/xml' }).end(errorText('PreconditionFailed'))
      if (method === 'POST' && url.searchParams.has('uploads')) {
        uploads.set(`u${uploads.size}`, { id: String(incoming.headers['x-amz-meta-varve-write']), parts: new Map() })
        return void answer.writeHead(200).end(`<InitiateMultipartUploadResult><UploadId>u${uploads.size - 1}</UploadId></InitiateMultipartUploadResult>`)
      }
      const upload = uploads.get(url.searchParams.get('uploadId') ?? '')
      if (upload !== undefined && method === 'PUT') {
        upload.parts.set(Number(url.searchParams.get('partNumber')), Buffer.concat(parts))
        return void answer.writeHead(200, { etag: '"e"' }).end()
      }
      if (upload !== undefined && method === 'POST') {
        if (conflicts) return refused()
        s3.objects.set(key, { body: Buffer.concat([...upload.parts].sort(([a], [b]) => a - b).map(([, part]) => part)), id: upload.id })
        return void answer.writeHead(200, { etag: '"e"' }).end('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>')
      }
      if (upload !== undefined && method === 'DELETE') return void answer.writeHead(204).end()
      if (method === 'DELETE') {
        s3.objects.delete(key)
        return void answer.writeHead(204).end()
      }
      if (method === 'PUT') {
        if (conflicts) return refused()
        s3.objects.set(key, { body: Buffer.concat(parts), id: String(incoming.headers['x-amz-meta-varve-write']) })
        return void answer.writeHead(200, { etag: '"e"' }).end()
      }
      if (found === undefined) return void answer.writeHead(404, { 'content-type': 'application/xml' }).end(method === 'HEAD' ? undefined : errorText('NoSuchKey'))
      const headers = { etag: '"e"', 'x-amz-meta-varve-write': found.id }
      const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(incoming.headers.range ?? '') ?? []
      if (from === undefined) return void answer.writeHead(200, { ...headers, 'content-length': found.body.length }).end(method === 'HEAD' ? undefined : found.body)
      if (Number(from) >= found.body.length) return void answer.writeHead(416, { 'content-type': 'application/xml' }).end(errorText('InvalidRange'))
      const end = to === '' ? found.body.length : Math.min(found.body.length, Number(to) + 1)
      answer.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${end - 1}/${found.body.length}`, 'content-length': end - Number(from) }).end(found.body.subarray(Number(from), end))
    })
  })
  const endpoint = await listening(server)
  const s3: MemoryS3 = { endpoint, url: `s3://varve/data?endpoint=${endpoint}`, objects: new Map(), seen: [], holds: () => false, stop: () => stopped(server) }
  return s3
}

function listed(objects: MemoryS3['objects'], prefix: string): string {
  const found = [...objects].filter(([key]) => key.startsWith(prefix))
  return `<?xml version="1.0"?><ListBucketResult><Name>varve</Name><KeyCount>${found.length}</KeyCount><IsTruncated>false</IsTruncated>${found.map(([key, { body }]) => `<Contents><Key>${key}</Key><Size>${body.length}</Size></Contents>`).join('')}</ListBucketResult>`
}
