import { existsSync } from 'node:fs'
import { utf8 } from '../../bytes.ts'
import { NotFoundError } from '../../errors.ts'
import type { OperationOptions } from '../../types.ts'
import { Git } from '../capture/git-command.ts'

export interface ImportGitOptions extends OperationOptions {
  /** The ref that gets the snapshots. */
  readonly ref: string
  /** A folder in the git repository, joined by `/`; its content is the dataset. Default: everything. */
  readonly path?: string
  /** A branch, tag or commit; default `HEAD`. */
  readonly revision?: string
  /** Variables that git is started with: of them, only those that say where git and its configuration are. */
  readonly variables: Readonly<Record<string, string | undefined>>
}

/** A listing of a long history takes some time. */
const GIT_TIMEOUT_MS = 600_000

/** A git repository, and how programs are started for it. */
export interface GitTop {
  readonly git: Git
  readonly folder: string
  readonly gitFolder: string
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** @throws NotFoundError if there is none, or no git */
export async function gitTopOf(folder: string, { variables, signal }: Pick<ImportGitOptions, 'variables' | 'signal'>): Promise<GitTop> {
  if (!existsSync(folder)) throw new NotFoundError(`There is no folder ${folder}`, { data: { folder }, hint: 'Name the folder of a git repository.' })
  const git = new Git(folder, { variables, timeoutMs: GIT_TIMEOUT_MS, signal })
  const found = await git.run(['rev-parse', '--absolute-git-dir', '--is-bare-repository'])
  const [gitFolder = '', isBare] = found.output.toString('utf8').split('\n')
  if (!found.ok) throw new NotFoundError(`There is no git repository in ${folder}: ${found.isAbsent ? 'git is not installed' : found.trouble}`, { data: { folder } })
  const work = isBare === 'true' ? gitFolder : (await git.run(['rev-parse', '--show-toplevel'])).output.toString('utf8').trimEnd()
  const env = Object.fromEntries(['PATH', 'HOME'].flatMap((name) => (variables[name] === undefined ? [] : [[name, variables[name]]])))
  return { git: new Git(work, { variables, timeoutMs: GIT_TIMEOUT_MS, signal }, [], { GIT_LITERAL_PATHSPECS: '1' }), folder: work, gitFolder, words: ['--git-dir', gitFolder], env: { ...env, GIT_NO_LAZY_FETCH: '1', LC_ALL: 'C' } }
}

/** A path as git has it: from the top, without what says nothing; empty for everything. */
export function pathInGit(path: string | undefined): string {
  return (path ?? '').replace(/^\.\/|\/+$/g, '').replace(/^\.$/, '')
}

/** The path in the dataset that `top` is, as bytes. A file that is itself what was asked for keeps its name. */
export function pathWithin(path: Uint8Array, top: string): Uint8Array {
  const { length } = utf8(top)
  if (length === 0) return path
  return path.length === length ? path.subarray(path.lastIndexOf(0x2f) + 1) : path.subarray(length + 1)
}
