import { basename, resolve } from 'node:path'
import { defaultRefName } from '../../dataset/default-ref-name.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'
import { isFolder } from './is-folder.ts'

/**
 * What `find` gives for the revision of an input. A folder is not what was stored of it.
 * @throws InvalidArgumentError for a folder that is no revision, with the snapshot to take; what `find` throws
 */
export async function inputRevision<T>(input: string, revision: string, find: (revision: string) => Promise<T>): Promise<T> {
  try {
    return await find(revision)
  } catch (error) {
    if (!(error instanceof NotFoundError || error instanceof InvalidArgumentError) || !isFolder(revision)) throw error
    const ref = defaultRefName(basename(resolve(revision)))
    throw new InvalidArgumentError(`"${revision}" is a folder, and the input ${input} is a dataset of the repository`, {
      cause: error, data: { input, revision }, hint: `Take \`varve snapshot ${revision}\` and write ${ref}: the ref that it then has.`,
    })
  }
}
