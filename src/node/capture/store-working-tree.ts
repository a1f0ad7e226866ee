import type { Session } from '../../repository/session.ts'
import { type ByteText, lossyText } from '../byte-text.ts'
import { shownNames } from '../execution/shown-names.ts'
import { withoutConverted } from './converted-files.ts'
import type { StoredCode } from './interface.ts'
import { type Proof, proveFiles } from './prove-files.ts'
import type { GitTree } from './repository-tree.ts'
import { storeFiles, type StoreFilesOptions } from './store-files.ts'
import type { WorkingTree } from './working-tree.ts'

export interface StoredTree extends StoredCode {
  readonly made: GitTree
  /** Whether git has every content as it was stored, but for conversions that it makes. */
  readonly isAsInGit: boolean
}

const KNOWN: Proof = { isWhole: true, blobs: new Map() }

/**
 * Stores a working tree and proves it: what is new in the repository is read back, and every content that is read is compared with what git computed from the file itself. Of files that stand as they did at the capture before, that was done then. Code is null, with the reason, if the proof fails.
 * @param folder where the run was started, from the top
 */
export async function storeWorkingTree(session: Session, tree: WorkingTree, folder: string, options: StoreFilesOptions): Promise<StoredTree> {
  const idLength = tree.state.commit?.length ?? 40
  const blocks = session.added.blocks
  const { root, files, bytes, missing, secrets, contents } = await storeFiles(session, tree.files, tree.folders, { ...options, idLength })
  // What was there, to the last node, was proven when it came.
  const { isWhole, blobs } = session.added.blocks === blocks ? KNOWN : await proveFiles(session, root, { ...options, idLength, isNew: (path) => contents.get(path)?.isNew === true })
  const made = await tree.made()
  const unlikeGit = [...contents].flatMap(([path, { blob }]) => {
    const known = made.blobs.get(path)
    return known === undefined || blob === undefined || (known === blob && (blobs.get(path) ?? known) === known) ? [] : [path]
  })
  const others = unlikeGit.length === 0 ? [] : await withoutConverted(unlikeGit, made.blobs, tree.repositories)
  return {
    made, isAsInGit: others.length === 0,
    code: isWhole ? { root, files, bytes, folder } : null,
    missing: [
      ...made.missing, ...missing,
      ...(isWhole ? [] : ['The stored code did not come back as it was stored: run varve verify']),
      ...(others.length === 0 ? [] : [`Stored as it is in the folder, which is not what git has of it (a filter, or a change meanwhile): ${shownNames(others.map(lossyText))}`]),
    ],
    redacted: secrets.map((path: ByteText) => `code:${lossyText(path)}`),
  }
}
