import type { CID } from '../cid/cid.ts'
import { RAW_CODE } from '../cid/cid.ts'
import { listChunks } from '../file/index.ts'
import { openManifest } from '../manifest/manifest.ts'
import { pathToText } from '../manifest/path.ts'
import { DigestTable } from '../repository/digest-table.ts'
import type { BlockRepository } from '../repository/index.ts'
import { Pause } from '../repository/pause.ts'
import { storedLength } from '../repository/read-block.ts'
import type { OperationOptions } from '../types.ts'
import { resolveRevision } from './revision.ts'

/** The files at or below a path of a revision. */
export interface PathUsage {
  /** Folders end in a slash. */
  readonly path: string
  readonly files: number
  /** Bytes of the files. */
  readonly bytes: number
  /** What their content takes in packs, where no path before has it already. */
  readonly storedBytes: number
}

/** What each path of a revision takes, largest first. `depth`: folders that are told apart, 1 by default. */
export async function measurePaths(repository: BlockRepository, revision: string, options: OperationOptions & { readonly depth?: number }): Promise<readonly PathUsage[]> {
  const { root, path: within } = await resolveRevision(repository, revision)
  const { depth = 1, signal } = options
  const counted = new DigestTable()
  const pause = new Pause(signal)
  const sums = new Map<string, { files: number; bytes: number; storedBytes: number }>()
  const storedSize = async ({ multihash: { digest } }: CID): Promise<number> => {
    if (!counted.add(digest)) return 0
    const [location] = await repository.indexes.find(digest)
    return location === undefined ? 0 : storedLength(location)
  }
  const manifest = await openManifest(repository, root)
  for await (const { path, value } of manifest.entries({})) {
    await pause.take()
    if (value.kind !== 'file' && value.kind !== 'executable') continue
    const text = pathToText(path)
    if (within !== undefined && text !== within && !text.startsWith(`${within}/`)) continue
    const name = groupOf(text, depth + (within === undefined ? 0 : within.split('/').length))
    const sum = sums.get(name) ?? { files: 0, bytes: 0, storedBytes: 0 }
    sums.set(name, sum)
    sum.files++
    sum.bytes += value.size
    sum.storedBytes += await storedSize(value.cid)
    if (value.cid.code !== RAW_CODE) for await (const { cid } of listChunks(repository, value)) sum.storedBytes += await storedSize(cid)
  }
  return [...sums].map(([path, sum]) => ({ path, ...sum })).sort((a, b) => b.storedBytes - a.storedBytes)
}

function groupOf(path: string, depth: number): string {
  const segments = path.split('/')
  return segments.length <= depth ? path : `${segments.slice(0, depth).join('/')}/`
}
