import { lstatSync } from 'node:fs'

/** True for a folder, and not for a link to one: what a link in its place leads to, the recipe did not make. */
export function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
