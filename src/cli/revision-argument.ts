import { InvalidArgumentError } from '../errors.ts'

export interface RevisionPath {
  readonly revision: string
  /** As text; undefined if none was given. */
  readonly path: string | undefined
}

/** Splits `revision:path`; a revision has no `:` in it. */
export function splitRevisionPath(text: string): RevisionPath {
  const at = text.indexOf(':')
  if (at === -1) return { revision: text, path: undefined }
  const path = text.slice(at + 1).replace(/\/+$/, '')
  return { revision: text.slice(0, at), path: path === '' ? undefined : path }
}

/** For verbs that need a path. @throws InvalidArgumentError if there is none */
export function needRevisionPath(text: string): { readonly revision: string; readonly path: string } {
  const { revision, path } = splitRevisionPath(text)
  if (path === undefined) throw new InvalidArgumentError(`"${text}" names no path`, { hint: 'Write revision:path, such as data:train/0.png; `varve ls <rev>` lists paths.' })
  return { revision, path }
}

/** For verbs that work on whole datasets. @throws InvalidArgumentError if a path was given */
export function needWholeRevision(text: string): string {
  const { revision, path } = splitRevisionPath(text)
  if (path !== undefined) throw new InvalidArgumentError(`"${text}" names a path, and this command takes whole revisions`, { hint: `Write "${revision}".` })
  return revision
}
