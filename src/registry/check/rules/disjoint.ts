import type { CID } from '../../../cid/cid.ts'
import { openManifest } from '../../../manifest/manifest.ts'
import { displayPath } from '../../../manifest/path.ts'
import { type BlockRepository } from '../../../repository/index.ts'
import { DigestTable } from '../../../repository/digest-table.ts'
import type { CheckRule } from '../interface.ts'
import { dataByRole } from '../roles.ts'
import { counted, missing, proven, someOf } from '../verdicts.ts'

const MOST_SHOWN = 3

export const disjointRule: CheckRule = {
  id: 'disjoint', level: 'reproducible', title: 'Data to train, to validate and to test on have no file in common',
  decide: async (subject) => {
    const data = dataByRole(subject)
    const roles = new Set(data.map(({ role }) => role))
    if (!roles.has('train') || roles.size < 2) {
      return missing(roles.size === 0 ? 'No input is named as data to train or to test on' : `There is data to ${[...roles].join(' and ')} on, and no other to compare it with`, 'Give each part to the run as an input of its own, named train, validation or test, or register the model with the data it was evaluated on.')
    }
    const compared: string[] = []
    for (const [at, one] of data.entries()) {
      for (const other of data.slice(at + 1)) {
        if (one.role === other.role) continue
        const { common, files } = await commonFiles(subject.repository.blocks, one.root, other.root, subject.signal)
        if (common.length > 0) return missing(`${one.label} and ${other.label} have ${counted(common.length, 'file')} in common: ${someOf(common.map(({ path, twin }) => (path === twin ? path : `${path} = ${twin}`)), MOST_SHOWN)}`, 'Take them out of one of the two, and train again.')
        compared.push(`${one.label}, ${counted(files[0], 'file')}, and ${other.label}, ${counted(files[1], 'file')}`)
      }
    }
    return proven(`By the hash of each file, none in common: ${compared.join('; ')}`)
  },
}

/** Files of the same content, by one path in each. Empty files have none. Holds some 40 bytes a file of the second dataset; reads no content. */
async function commonFiles(blocks: BlockRepository, a: CID, b: CID, signal: AbortSignal | undefined): Promise<{ readonly common: readonly { readonly path: string; readonly twin: string }[]; readonly files: readonly [number, number] }> {
  const known = new DigestTable()
  let filesOfB = 0
  for await (const { digest } of contents(blocks, b, signal)) {
    known.add(digest)
    filesOfB++
  }
  const twins = new Map<number, string>()
  let filesOfA = 0
  for await (const { digest, path } of contents(blocks, a, signal)) {
    filesOfA++
    const row = known.rowOf(digest)
    if (row >= 0 && !twins.has(row)) twins.set(row, displayPath(path))
  }
  const common: { path: string; twin: string }[] = []
  if (twins.size > 0) {
    for await (const { digest, path } of contents(blocks, b, signal)) {
      const row = known.rowOf(digest)
      const twin = twins.get(row)
      if (twin !== undefined) common.push({ path: twin, twin: displayPath(path) })
      twins.delete(row)
    }
  }
  return { common, files: [filesOfA, filesOfB] }
}

async function* contents(blocks: BlockRepository, root: CID, signal: AbortSignal | undefined): AsyncGenerator<{ readonly path: Uint8Array; readonly digest: Uint8Array }> {
  for await (const { path, value } of (await openManifest(blocks, root)).entries()) {
    signal?.throwIfAborted()
    if ((value.kind === 'file' || value.kind === 'executable') && value.size > 0) yield { path, digest: value.cid.multihash.digest }
  }
}
