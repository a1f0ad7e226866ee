import { RAW_CODE, type CID } from '../cid/cid.ts'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import { listChunks } from '../file/index.ts'
import { type Manifest, openManifest } from '../manifest/manifest.ts'
import { displayPath, pathFromText } from '../manifest/path.ts'
import type { BlockRepository, BlockRequest } from '../repository/index.ts'
import { damageAt } from './damage.ts'
import { resolveRevision } from './revision.ts'

/** A part of a file in bytes: `start` inclusive, `end` exclusive and cut to the size. */
export interface ByteSpan {
  readonly start?: number
  readonly end?: number
}

/** The bytes of a file in a revision. Reads only the chunks that hold the span, and those as the consumer asks for them. */
export function readContent(repository: BlockRepository, revision: string, path: string, span: ByteSpan): ReadableStream<Uint8Array<ArrayBuffer>> {
  const pieces = contentPieces(repository, revision, path, span)
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await pieces.next()
      if (done === true) controller.close()
      else controller.enqueue(value as Uint8Array<ArrayBuffer>)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  }, { highWaterMark: 0 })
}

async function* contentPieces(repository: BlockRepository, revision: string, path: string, span: ByteSpan): AsyncGenerator<Uint8Array> {
  const { root } = await resolveRevision(repository, revision)
  const bytes = pathFromText(path.replace(/^(\.\/)+/, ''))
  const value = await fileAt(await openManifest(repository, root), bytes, revision)
  const { start, end } = checkedSpan(span, value.size)
  const offsets: { offset: number; size: number }[] = []
  for await (const result of repository.readMany(chunksWithin(repository, value, { start, end }, offsets))) {
    if ('error' in result) throw damageAt(result.error, bytes)
    const chunk = offsets.shift()
    if (chunk === undefined) return
    const from = Math.max(0, start - chunk.offset)
    const to = Math.min(chunk.size, end - chunk.offset)
    if (to > from) yield result.bytes.subarray(from, to)
  }
}

/** @throws NotFoundError if there is nothing at the path; @throws InvalidArgumentError if it is no file */
async function fileAt(manifest: Manifest, path: Uint8Array, revision: string): Promise<{ cid: CID; size: number }> {
  const value = await manifest.get(path)
  if (value?.kind === 'file' || value?.kind === 'executable') return value
  const shown = displayPath(path)
  const kind = value?.kind ?? ((await manifest.entries({ prefix: path }).next()).done === true ? undefined : 'directory')
  if (kind === undefined) {
    throw new NotFoundError(`There is no "${shown}" in ${revision}`, {
      data: { revision, path: shown }, hint: `\`varve ls ${revision}\` lists what there is.`,
    })
  }
  throw new InvalidArgumentError(`"${shown}" in ${revision} is a ${kind}, not a file`, {
    data: { revision, path: shown }, hint: `\`varve ls ${revision}:${shown}\` lists it.`,
  })
}

async function* chunksWithin(
  repository: BlockRepository, content: { cid: CID; size: number }, range: { start: number; end: number }, offsets: { offset: number; size: number }[],
): AsyncGenerator<BlockRequest> {
  if (range.start >= range.end) return
  if (content.cid.code === RAW_CODE) {
    offsets.push({ offset: 0, size: content.size })
    yield content
    return
  }
  for await (const chunk of listChunks(repository, content, { range })) {
    offsets.push(chunk)
    yield chunk
  }
}

function checkedSpan({ start = 0, end = Number.POSITIVE_INFINITY }: ByteSpan, size: number): { start: number; end: number } {
  const sound = Number.isSafeInteger(start) && start >= 0 && (end === Number.POSITIVE_INFINITY || Number.isSafeInteger(end)) && end >= start
  if (!sound) throw new InvalidArgumentError(`Bytes ${start} to ${end} are not a range`, { hint: 'start and end are byte offsets with 0 ≤ start ≤ end.' })
  return { start: Math.min(start, size), end: Math.min(end, size) }
}
