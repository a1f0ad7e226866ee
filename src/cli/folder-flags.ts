import type { Command } from 'commander'
import type { FolderReadOptions, SkippedPath } from '../dataset/interface.ts'
import { formatCount, shownPath, shownText } from './format.ts'

/** How a folder is read. */
export interface FolderFlags {
  readonly exclude?: readonly string[]
  readonly defaultIgnores: boolean
  readonly skipUnreadable?: boolean
}

const SHOWN_PATHS = 10

export function addFolderOptions(command: Command): Command {
  return command
    .option('--exclude <glob>', 'leave out what matches, as a line of .gitignore would (repeatable)', collect)
    .option('--no-default-ignores', 'take .git, node_modules, .env*, private keys … too')
    .option('--skip-unreadable', 'leave out what cannot be read instead of failing')
}

/** For options that may be given more than once. */
export function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value]
}

export function folderReadOptions({ exclude, defaultIgnores, skipUnreadable }: FolderFlags): FolderReadOptions {
  return { defaultIgnores, skipUnreadable: skipUnreadable === true, ...(exclude === undefined ? {} : { ignore: exclude }) }
}

/** What was left out and why, in a few lines. */
export function* skippedLines(skipped: readonly SkippedPath[]): Generator<string> {
  // A repository is left out always, which is no news; of devices and pipes there was a warning.
  const ignored = skipped.filter(({ reason }) => reason === 'default-ignore')
  if (ignored.length > 0) yield `left out by default rules: ${listed(ignored.map(({ path }) => shownPath(path)))} (--no-default-ignores takes them too)`
  const unreadable = skipped.filter(({ reason }) => reason === 'unreadable')
  if (unreadable.length > 0) yield `left out as unreadable: ${listed(unreadable.map(({ path, detail }) => `${shownPath(path)} (${shownText(detail)})`))}`
}

function listed(items: readonly string[]): string {
  const more = items.length - SHOWN_PATHS
  return items.slice(0, SHOWN_PATHS).join(', ') + (more > 0 ? ` and ${formatCount(more)} more` : '')
}
