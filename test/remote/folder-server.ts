import { createServer } from 'node:http'
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AddressInfo } from 'node:net'

export interface FolderServer extends AsyncDisposable {
  readonly url: string
  /** Requests since the last call, and the bytes of files that they were answered with. */
  tally(): { readonly requests: number; readonly bytes: number }
  /** Reads of packs, since it was made or set to 0. */
  packReads: number
  /** While this is false every connection is closed without an answer. */
  isUp: boolean
  /** What a file is served as, if it is not served as it is. */
  alter: ((path: string, bytes: Uint8Array, start: number) => Uint8Array) | undefined
}

/** Serves the files of a folder, and ranges of them, and counts. */
export async function serveFolder(folder: string): Promise<FolderServer> {
  let [requests, bytes] = [0, 0]
  const server = createServer((request, response) => {
    if (!served.isUp) return void request.socket.destroy()
    requests++
    const path = join(folder, decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    const facts = statSync(path, { throwIfNoEntry: false })
    if (facts?.isFile() !== true) return void response.writeHead(404).end()
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const [start, end] = range === null ? [0, facts.size - 1] : [Number(range[1]), Math.min(Number(range[2]), facts.size - 1)]
    if (range !== null && start >= facts.size) return void response.writeHead(416, { 'content-range': `bytes */${facts.size}` }).end()
    response.writeHead(range === null ? 200 : 206, { 'content-length': Math.max(0, end - start + 1), ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${facts.size}` }) })
    if (request.method === 'HEAD' || facts.size === 0) return void response.end()
    bytes += end - start + 1
    if (path.endsWith('.pack')) served.packReads++
    const stream = createReadStream(path, { start, end })
    if (served.alter === undefined) return void stream.pipe(response)
    const parts: Buffer[] = []
    stream.on('data', (part) => parts.push(part as Buffer)).on('end', () => response.end(served.alter?.(path, Buffer.concat(parts), start)))
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const served: FolderServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    packReads: 0,
    isUp: true,
    alter: undefined,
    tally() {
      const counted = { requests, bytes }
      requests = 0
      bytes = 0
      return counted
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return served
}
