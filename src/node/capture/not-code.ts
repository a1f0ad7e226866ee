import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { CaptureOptions } from './interface.ts'
import { realPath } from './real-path.ts'

/**
 * What is no code, unless git tracks it: a varve repository, under whatever name, what a run writes, and virtual environments of Python, which can be installed again. What other runs wrote stays code as long as it lies there:
 * one that reads it without saying so could not be run again without it. It takes no room twice, as its bytes are stored already.
 * @returns paths from the top, with `/`; not all need to be there
 */
export function notCode(top: string, folder: string, { repositoryFolder, leaveOut = [] }: Pick<CaptureOptions, 'repositoryFolder' | 'leaveOut'>): readonly string[] {
  const written = leaveOut.map((path) => resolve(folder, path))
  const paths = [
    ...(repositoryFolder === undefined ? [] : [pathIn(top, resolve(repositoryFolder))]),
    ...[top, folder].flatMap((place) => environmentsIn(place).map((path) => inTop(top, path))),
    // What is written may be a link, and need not be there yet.
    ...written.map((path) => inTop(top, path)),
  ]
  return [...new Set(paths.filter((path) => path !== '' && path !== '..' && !path.startsWith('../') && !isAbsolute(path)))].sort()
}

export function standing(top: string, paths: readonly string[]): readonly string[] {
  return paths.filter((path) => existsSync(resolve(top, path)))
}

/** Folders with the file by which Python knows its environments (PEP 405), and links to such. */
function environmentsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => join(folder, name)).filter((path) => existsSync(join(path, 'pyvenv.cfg')))
  } catch {
    return []
  }
}

/** Links of the folder that it is in are followed, and it is not, if it is one. */
function inTop(top: string, path: string): string {
  return [pathIn(top, dirname(path)), basename(path)].filter((part) => part !== '').join('/')
}

/** Where a folder is, from the top, with links followed. */
export function pathIn(top: string, folder: string): string {
  return relative(realPath(top), realPath(folder)).split(sep).join('/')
}
