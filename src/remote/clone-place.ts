import { realpathSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { InvalidArgumentError } from '../errors.ts'
import { isUrl } from './is-url.ts'

/**
 * A clone must not be made in the repository that it is made of.
 * @param url checked address of the other repository
 * @param folder absolute path of the repository to be made, which need not be there
 * @throws InvalidArgumentError if that is the other repository itself, or lies in it; links are followed
 */
export function assertBesideSource(url: string, folder: string): void {
  if (isUrl(url)) return
  const way = relative(realPathOf(url), realPathOf(folder))
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) return
  throw new InvalidArgumentError(`The clone would be made in ${folder}, which ${way === '' ? 'is' : 'lies in'} the repository that is cloned`, {
    data: { path: folder, source: url }, hint: 'Name another folder for it: varve clone <url> <dir>',
  })
}

/** The real path of what may not be there yet: of the nearest folder above it that is, with the rest as given. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path)
  } catch (error) {
    if (dirname(path) === path) throw error
    return join(realPathOf(dirname(path)), basename(path))
  }
}
