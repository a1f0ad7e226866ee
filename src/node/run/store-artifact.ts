import { createReadStream, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { storeEntries } from '../../dataset/input-entries.ts'
import { storeFolder } from '../../dataset/store-folder.ts'
import { NotFoundError } from '../../errors.ts'
import type { Session } from '../../repository/index.ts'
import type { RunArtifact } from '../../run/interface.ts'
import type { OperationOptions } from '../../types.ts'
import { nodeFolders } from '../folder-port.ts'
import { isAbsence } from '../system-errors.ts'

/**
 * Stores a file, a folder with all that is in it, or bytes, as an artifact: of one file, a dataset with that file under its own name; bytes get the artifact's name.
 * @throws NotFoundError if nothing is at the path
 */
export async function storeArtifact(session: Session, name: string, from: string | Uint8Array, { chunker, ...options }: Pick<OperationOptions, 'signal'> & { readonly chunker: string }): Promise<RunArtifact> {
  const isBytes = typeof from !== 'string'
  if (!isBytes && isFolder(from)) {
    return { name, ...(await storeFolder(session, nodeFolders(), resolve(from), { chunker, defaultIgnores: false, ignoreFiles: false, ...options })) }
  }
  const content = isBytes ? from : (createReadStream(from) as AsyncIterable<Uint8Array>)
  const store = new ChunkedContentStore(session, session, { encoded: session })
  const { root, files, bytes } = await storeEntries(session, store, [{ path: isBytes ? (name.split('/').at(-1) ?? name) : basename(from), content }], { chunker, ...options })
  return { name, root, files, bytes }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch (cause) {
    if (isAbsence(cause)) throw new NotFoundError(`There is nothing at ${path} to be stored`, { cause, data: { path }, hint: 'Write the artifact first, then record it.' })
    throw cause
  }
}
