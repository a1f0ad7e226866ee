import type { Command } from 'commander'
import type { FetchOptions } from '../remote/fetch.ts'
import { authorName } from './snapshot-flags.ts'

/** What `fetch` and `pull` take. */
export interface FetchFlags {
  readonly from?: string
  readonly acceptRollback?: boolean
}

export function addFetchOptions(command: Command): Command {
  return command
    .argument('[ref...]', 'refs and tags of the remote; default: all')
    .option('--from <remote>', 'a remote, the path of a folder, or an address (default: origin)')
    .option('--accept-rollback', 'go on although the remote is older than it was')
}

export function fetchOptions(refs: readonly string[], { from, acceptRollback = false }: FetchFlags): FetchOptions {
  const author = authorName()
  return { acceptRollback, ...(from === undefined ? {} : { from }), ...(refs.length === 0 ? {} : { refs }), ...(author === undefined ? {} : { author }) }
}
