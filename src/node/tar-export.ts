import { once } from 'node:events'
import { type Header, pack, type Pack } from 'tar-stream'
import { checkoutSteps } from '../dataset/checkout-steps.ts'
import type { Repository } from '../dataset/repository.ts'
import { InvalidArgumentError } from '../errors.ts'
import { type Manifest, openManifest } from '../manifest/manifest.ts'
import { displayPath, pathToText } from '../manifest/path.ts'
import type { OperationOptions } from '../types.ts'

const SHOWN_NAMES = 10
const LONE_SURROGATE = /\p{Surrogate}/u
/** Pieces are gathered to this size: a header by itself has 512 bytes. */
const PIECE_SIZE_BYTES: number = 256 * 1024

/**
 * A revision as a tar file (POSIX pax), in pieces. No file is held whole. Equal roots give equal bytes: entries stand in the order of the
 * manifest, times and owners are 0, modes 0644 or 0755.
 * @throws InvalidArgumentError listing names that are not UTF-8, which pax headers cannot hold, before the first piece
 */
export async function* exportTar(repository: Repository, revision: string, options: OperationOptions = {}): AsyncGenerator<Uint8Array> {
  const { root } = await repository.resolve(revision)
  const manifest = await openManifest(repository.blocks, root)
  await assertNames(manifest, options)
  const archive = pack()
  const written = writeEntries(archive, repository, manifest, options)
  written.catch((error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))))
  try {
    yield* gathered(archive as AsyncIterable<Uint8Array>)
    await written
  } finally {
    archive.destroy()
  }
}

/** A file that is being written. */
interface OpenEntry {
  readonly sink: ReturnType<Pack['entry']>
  readonly done: Promise<void>
  left: number
}

async function writeEntries(archive: Pack, repository: Repository, manifest: Manifest, { signal, onProgress }: OperationOptions): Promise<void> {
  const { files: totalFiles, bytes: totalBytes } = manifest.totals
  let [files, bytes] = [0, 0]
  let open: OpenEntry | undefined
  for await (const step of checkoutSteps(repository.blocks, manifest.entries())) {
    signal?.throwIfAborted()
    if (step.type === 'data') {
      if (open === undefined) throw new TypeError('Content came before its file')
      bytes += step.bytes.length
      await writeContent(open, step.bytes)
    } else if (step.type === 'file') {
      files++
      open = begin(archive, { name: pathToText(step.path), size: step.size, mode: step.executable ? 0o755 : 0o644, type: 'file' })
      await writeContent(open, new Uint8Array(0))
    } else if (step.type === 'symlink') {
      await begin(archive, { name: pathToText(step.path), linkname: pathToText(step.target), mode: 0o777, type: 'symlink' }).done
    } else {
      await begin(archive, { name: `${pathToText(step.path)}/`, mode: 0o755, type: 'directory' }).done
    }
    onProgress?.({ type: 'checkout', files, bytes, totalFiles, totalBytes })
  }
  archive.finalize()
}

function begin(archive: Pack, header: Partial<Header> & Pick<Header, 'name'>): OpenEntry {
  let settle: (error?: Error | null) => void = () => undefined
  const done = new Promise<void>((resolve, reject) => {
    settle = (error) => (error === undefined || error === null ? resolve() : reject(error))
  })
  // An archive that nobody reads any more ends its entries too; whoever waits is told.
  done.catch(() => undefined)
  const sink = archive.entry({ ...header, mtime: new Date(0), uid: 0, gid: 0 }, settle)
  return { sink, done, left: header.size ?? 0 }
}

async function writeContent(entry: OpenEntry, bytes: Uint8Array): Promise<void> {
  entry.left -= bytes.length
  if (bytes.length > 0 && !entry.sink.write(bytes)) await Promise.race([once(entry.sink, 'drain'), entry.done])
  if (entry.left > 0) return
  entry.sink.end(null)
  await entry.done
}

/** Names and targets that a pax header cannot hold are found before anything is written. */
async function assertNames(manifest: Manifest, { signal }: OperationOptions): Promise<void> {
  const names: string[] = []
  let count = 0
  for await (const { path, value } of manifest.entries()) {
    signal?.throwIfAborted()
    const unfit = LONE_SURROGATE.test(pathToText(path)) || (value.kind === 'symlink' && LONE_SURROGATE.test(pathToText(value.target)))
    if (!unfit) continue
    count++
    if (names.length < SHOWN_NAMES) names.push(displayPath(path))
  }
  if (count === 0) return
  const shown = names.join(', ') + (count > names.length ? ` and ${count - names.length} more` : '')
  throw new InvalidArgumentError(`A tar file cannot hold names that are not UTF-8: ${shown}`, { data: { paths: names, count }, hint: 'Export it as a CAR file, which holds every name: --format car' })
}

async function* gathered(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let size = 0
  for await (const piece of pieces) {
    waiting.push(piece)
    size += piece.length
    if (size < PIECE_SIZE_BYTES) continue
    yield Buffer.concat(waiting)
    waiting = []
    size = 0
  }
  if (size > 0) yield Buffer.concat(waiting)
}
