import { homedir } from 'node:os'
import { dirname, relative, sep } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'

/**
 * The deepest folder that holds all of the paths. The root of the file system, the home folder and what is above that will not do, unless one of the paths is directly in it or it is among
 * `projects`: what is spread so far is no project, and its paths would be others in every clone.
 * @throws InvalidArgumentError naming two paths that are too far apart
 */
export function topFolder(paths: readonly string[], projects: readonly string[] = []): string {
  const [first = sep] = paths
  let top = dirname(first)
  for (const path of paths) {
    while (!isBelow(path, top)) top = dirname(top)
    if (isTooHigh(top) && !projects.includes(top) && !paths.some((other) => dirname(other) === top)) throw tooFarApart(first, path)
  }
  return top
}

/** True if a path is in a folder, at any depth. */
export function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : `${folder}${sep}`)
}

/** A path relative to a folder that it is in, with `/`. */
export function pathBelow(path: string, folder: string): string {
  return relative(folder, path).split(sep).join('/')
}

function isTooHigh(folder: string): boolean {
  const home = homedir()
  return dirname(folder) === folder || folder === home || isBelow(home, folder)
}

function tooFarApart(a: string, b: string): InvalidArgumentError {
  return new InvalidArgumentError(`${a} and ${b} are parts of one piece of code, and are in no project together`, {
    data: { files: [a, b] }, hint: 'Move one beside the other, or make a package of it and install that.',
  })
}
