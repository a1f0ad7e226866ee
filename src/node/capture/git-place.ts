import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Git } from './git-command.ts'

/** Where a repository of git keeps what, as absolute paths. */
export interface GitPlace {
  /** Top of the working tree, links followed. */
  readonly top: string
  readonly index: string
  readonly objects: string
}

/** `none`: there is no repository, or none that git would work with; `no-tree`: there is one without a working tree. */
export type FoundPlace = { readonly kind: 'tree'; readonly place: GitPlace } | { readonly kind: 'no-tree' } | { readonly kind: 'none'; readonly trouble: string; readonly isAbsent: boolean }

/** Asks git where the repository of its folder is. */
export async function findPlace(git: Git): Promise<FoundPlace> {
  // The top comes last: in a bare repository git says all but that.
  const answer = await git.run(['rev-parse', '--is-inside-work-tree', '--git-path', 'index', '--git-path', 'objects', '--show-toplevel'])
  const lines = answer.output.toString('utf8').split('\n').slice(0, -1)
  if (lines[0] === 'false') return { kind: 'no-tree' }
  const [, index, objects, top] = lines
  if (!answer.ok) return { kind: 'none', trouble: answer.trouble, isAbsent: answer.isAbsent }
  if (top === undefined || index === undefined || objects === undefined || lines.length > 4) return { kind: 'none', trouble: 'the path of the repository has a line break in it', isAbsent: false }
  return { kind: 'tree', place: { top: resolve(top), index: resolve(git.folder, index), objects: resolve(git.folder, objects) } }
}

/** What is needed of the configuration, as git sees it with every file that it includes. */
export interface GitConfig {
  readonly remotes: Readonly<Record<string, string>>
  /** Names of the drivers that would run a program on the content of files. */
  readonly filters: readonly string[]
  /** Absolute path of the user's own list of ignored files; it need not exist. */
  readonly excludesFile: string
}

/** Reads the configuration. What cannot be read counts as absent: whatever matters of that fails again where it is used. */
export async function readConfig(git: Git, variables: Readonly<Record<string, string | undefined>>): Promise<GitConfig> {
  const { output } = await git.run(['config', '--list', '-z'])
  const remotes = new Map<string, string>()
  const filters = new Set<string>()
  const home = variables['HOME'] ?? homedir()
  let excludesFile = join(variables['XDG_CONFIG_HOME'] ?? join(home, '.config'), 'git', 'ignore')
  for (const item of output.toString('utf8').split('\0')) {
    const at = item.indexOf('\n')
    const key = at === -1 ? item : item.slice(0, at)
    const value = at === -1 ? '' : item.slice(at + 1)
    const remote = /^remote\.(.+)\.url$/s.exec(key)?.[1]
    // Of several addresses of one remote the first is the one that is fetched from.
    if (remote !== undefined && !remotes.has(remote)) remotes.set(remote, value)
    const filter = /^filter\.(.+)\.(clean|smudge|process)$/s.exec(key)?.[1]
    if (filter !== undefined) filters.add(filter)
    if (key === 'core.excludesfile' && value !== '') excludesFile = value.startsWith('~/') ? join(home, value.slice(2)) : isAbsolute(value) ? value : resolve(git.folder, value)
  }
  return { remotes: Object.fromEntries(remotes), filters: [...filters], excludesFile }
}
