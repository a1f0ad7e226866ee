import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import type { Git } from './git-command.ts'

/** Where a repository of git keeps what, as absolute paths. */
export interface GitPlace {
  /** Top of the working tree, links followed. */
  readonly top: string
  readonly index: string
  readonly objects: string
  /** The commit of HEAD and its tree; undefined before the first commit. */
  readonly head: { readonly commit: string; readonly tree: string } | undefined
}

/** `none`: there is no repository, or none that git would work with; `no-tree`: there is one without a working tree. */
export type FoundPlace = { readonly kind: 'tree'; readonly place: GitPlace } | { readonly kind: 'no-tree' } | { readonly kind: 'none'; readonly trouble: string; readonly isAbsent: boolean }

/** Asks git where the repository of its folder is. */
export async function findPlace(git: Git): Promise<FoundPlace> {
  // One process for all of it. Each answer is a line, up to the first that there is none to: in a bare repository the top, before the first commit HEAD.
  const answer = await git.run(['rev-parse', '--is-inside-work-tree', '--git-path', 'index', '--git-path', 'objects', '--show-toplevel', 'HEAD', 'HEAD^{tree}'])
  const lines = answer.output.toString('utf8').split('\n').slice(0, -1)
  const [isInside, index, objects, top, commit, tree] = lines
  if (isInside === 'false') return { kind: 'no-tree' }
  if (top === undefined || index === undefined || objects === undefined) return { kind: 'none', trouble: NOWHERE.test(answer.trouble) ? 'there is no git repository here' : answer.trouble, isAbsent: answer.isAbsent }
  const isUnborn = commit === undefined || commit === 'HEAD'
  if ([index, objects, top].some((path) => path === '') || lines.length > 6 || !(isUnborn || ID.test(commit))) return { kind: 'none', trouble: 'the path of the repository has a line break in it', isAbsent: false }
  const head = isUnborn || tree === undefined || !ID.test(tree) ? undefined : { commit, tree }
  return { kind: 'tree', place: { top: resolve(top), index: resolve(git.folder, index), objects: resolve(git.folder, objects), head } }
}

/** What git says where neither the folder nor one above it is a repository. */
const NOWHERE = /^fatal: not a git repository \(or any /
const ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

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
