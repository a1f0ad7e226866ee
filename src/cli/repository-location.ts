import { statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { InvalidArgumentError, NotFoundError } from '../errors.ts'
import { isUrl } from '../remote/is-url.ts'
import { assertNotMisspelt } from '../remote/misspelt-address.ts'

/** The folder that holds a repository in a folder of data. */
export const REPOSITORY_FOLDER = '.varve'

export interface RepositoryLocation {
  readonly path: string
  /** True if the user named it, rather than being found or assumed. */
  readonly named: boolean
  readonly found: boolean
}

/** The repository of `--repo` or VARVE_REPO, a folder or an address; else the nearest `.varve` upward; else where one would be created. @throws InvalidArgumentError for what is nearly an address */
export function locateRepository(workingFolder: string, named: string | undefined): RepositoryLocation {
  if (named !== undefined && named !== '') {
    if (isUrl(named)) return { path: named, named: true, found: true }
    assertNotMisspelt(named)
    const path = inProject(resolve(workingFolder, named))
    return { path, named: true, found: holdsRepository(path) }
  }
  for (let folder = resolve(workingFolder); ; folder = dirname(folder)) {
    const path = join(folder, REPOSITORY_FOLDER)
    if (holdsRepository(path)) return { path, named: false, found: true }
    if (folder === dirname(folder)) return { path: join(resolve(workingFolder), REPOSITORY_FOLDER), named: false, found: false }
  }
}

/** A project's folder stands for the repository in it. */
function inProject(path: string): string {
  const inner = join(path, REPOSITORY_FOLDER)
  return !holdsRepository(path) && holdsRepository(inner) ? inner : path
}

/** True if a repository was created there. What cannot be looked at counts as there, so that opening it says why. */
export function holdsRepository(path: string): boolean {
  try {
    return statSync(join(path, 'config.json'), { throwIfNoEntry: false }) !== undefined
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ENOTDIR'
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** Before a repository is created for a folder. @throws NotFoundError, InvalidArgumentError if it is no folder */
export function assertFolder(path: string): void {
  const facts = statSync(path, { throwIfNoEntry: false })
  if (facts === undefined) throw new NotFoundError(`There is no folder ${resolve(path)}`, { data: { path: resolve(path) }, hint: 'Check the path; it is relative to the working directory.' })
  if (!facts.isDirectory()) throw new InvalidArgumentError(`${resolve(path)} is not a folder`, { data: { path: resolve(path) }, hint: 'Name the folder that the file is in.' })
}
