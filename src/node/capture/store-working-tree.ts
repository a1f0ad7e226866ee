import type { Session } from '../../repository/session.ts'
import { type ByteText, lossyText } from '../byte-text.ts'
import { shownNames } from '../execution/shown-names.ts'
import { withoutConverted } from './converted-files.ts'
import type { StoredCode } from './interface.ts'
import { proveFiles } from './prove-files.ts'
import { storeFiles, type StoreFilesOptions } from './store-files.ts'
import type { WorkingTree } from './working-tree.ts'

/** Stores a working tree and proves it. Null, with the reason, if the proof fails. @param folder where the run was started, from the top */
export async function storeWorkingTree(session: Session, tree: WorkingTree, folder: string, options: StoreFilesOptions): Promise<StoredCode> {
  const { root, files, bytes, missing, secrets } = await storeFiles(session, tree.files, tree.folders, options)
  const blobs = new Map(tree.files.flatMap(({ path, blob }) => (blob === undefined ? [] : [[path, blob] as const])))
  const { isWhole, unlikeGit } = await proveFiles(session, root, { ...options, blobs })
  const others = unlikeGit.length === 0 ? [] : await withoutConverted(unlikeGit, blobs, tree.repositories)
  return {
    code: isWhole ? { root, files, bytes, folder } : null,
    missing: [
      ...missing,
      ...(isWhole ? [] : ['The stored code did not come back as it was stored: run varve verify']),
      ...(others.length === 0 ? [] : [`Stored as it is in the folder, which is not what git has of it (a filter, or a change meanwhile): ${shownNames(others.map(lossyText))}`]),
    ],
    redacted: secrets.map((path: ByteText) => `code:${lossyText(path)}`),
  }
}
