import type { ManifestEntry } from '../manifest/interface.ts'
import type { BlockRepository } from '../repository/index.ts'
import { isPromise, type OperationOptions } from '../types.ts'
import { checkoutSteps } from './checkout-steps.ts'
import type { FolderPort } from './interface.ts'
import { PathGuard } from './safe-path.ts'

/**
 * Writes some entries, in the order of manifest keys, into a folder that is not there yet. Repository names among them are allowed.
 * @throws UnsafePathError for entries that the file system cannot hold, or that could lead out of the folder; what reading their content throws
 */
export async function writeEntries(repository: BlockRepository, port: FolderPort, folder: string, entries: readonly ManifestEntry[], { signal }: Pick<OperationOptions, 'signal'> = {}): Promise<void> {
  const writer = await port.beginWrite(folder)
  try {
    const guard = new PathGuard({ folding: writer.folding, allowRepositoryNames: true, allowExternalLinks: false })
    for (const entry of entries) guard.check(entry)
    const bytes = entries.reduce((sum, { value }) => sum + ('size' in value ? value.size : 0), 0)
    for await (const step of checkoutSteps(repository, entries, bytes)) {
      signal?.throwIfAborted()
      const written = writer.write(step)
      if (isPromise(written)) await written
    }
    await writer.commit({ replace: false })
  } finally {
    await writer[Symbol.asyncDispose]()
  }
}
