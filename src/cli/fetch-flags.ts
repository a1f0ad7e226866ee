import { type Command, Option } from 'commander'
import type { FetchOptions } from '../remote/fetch.ts'
import { authorName } from './snapshot-flags.ts'

/** What `fetch` and `pull` take. */
export interface FetchFlags {
  readonly from?: string
  readonly acceptRollback?: boolean
  readonly metadataOnly?: boolean
  readonly withData?: boolean
}

export function addFetchOptions(command: Command): Command {
  return command
    .argument('[ref...]', 'refs and tags of the remote; default: all')
    .option('--from <remote>', 'a remote, the path of a folder, or an address (default: origin)')
    .addOption(new Option('--metadata-only', 'leave the data at the remote, to be read from there when it is asked for (default for what a lazy clone fetches, unless refs are named)').conflicts('withData'))
    .option('--with-data', 'take the data too, and what was left at the remote')
    .option('--accept-rollback', 'go on although the remote is older than it was')
}

export function fetchOptions(refs: readonly string[], { from, acceptRollback = false, metadataOnly = false, withData = false }: FetchFlags): FetchOptions {
  const author = authorName()
  return { acceptRollback, ...(metadataOnly || withData ? { metadataOnly } : {}), ...(from === undefined ? {} : { from }), ...(refs.length === 0 ? {} : { refs }), ...(author === undefined ? {} : { author }) }
}
