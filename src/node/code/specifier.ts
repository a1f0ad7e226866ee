import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Unresolved } from './unresolved.ts'

/** `@scope/name/a/b` is `./a/b` in the package `@scope/name`. */
export function packageNameOf(specifier: string): { readonly name: string; readonly subpath: string } {
  const name = /^(?:@[^/\\%]+\/)?[^/\\%.@][^/\\%]*/.exec(specifier)?.[0]
  if (name === undefined || (specifier.length > name.length && specifier[name.length] !== '/')) throw new Unresolved('is not the name of a package')
  return { name, subpath: `.${specifier.slice(name.length)}` }
}

/** A specifier of an import is a URL: `%20` is a space, and what follows `?` is no part of the path. */
export function pathOfUrl(specifier: string, from: string): string {
  try {
    return fileURLToPath(new URL(specifier, pathToFileURL(from)))
  } catch (cause) {
    throw new Unresolved('is no path', { cause })
  }
}

/** What ends in a dot or a slash is a folder, whatever file is named like it. */
export function pathOfRequest(specifier: string, from: string): string {
  return join(dirname(from), /(?:^|\/)\.{1,2}$/.test(specifier) ? `${specifier}/` : specifier)
}
