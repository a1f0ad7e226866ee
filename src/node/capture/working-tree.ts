import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { GitState } from '../../run/capture-interface.ts'
import { pathToText } from '../../manifest/path.ts'
import { redactRemote } from '../../run/redact.ts'
import { bytesOf, type ByteText, lossyText } from '../byte-text.ts'
import { shownNames } from '../execution/shown-names.ts'
import type { Git } from './git-command.ts'
import { findPlace, type GitPlace } from './git-place.ts'
import { type GitTree, readRepository, type RepositoryTree, type RepositoryTreeOptions, type TreeFile } from './repository-tree.ts'

/** A working tree with those of the repositories in it. */
export interface WorkingTree {
  /** But for the tree, which takes git a while. */
  readonly state: Omit<GitState, 'tree'>
  readonly files: readonly TreeFile[]
  /** Submodules that are not checked out: empty folders. */
  readonly folders: readonly ByteText[]
  /** Whatever can hash files of the repository at this path as git does, submodules by their prefix. */
  readonly repositories: readonly { readonly prefix: ByteText; readonly git: Git }[]
  /** Nothing of it is to be stored; `missing` says why. */
  readonly isTooLarge: boolean
  readonly missing: readonly string[]
  readonly redacted: readonly string[]
  /** What git makes of it, submodules included; `tree` is that of the outermost repository. Must be waited for, whatever happens meanwhile. */
  readonly made: () => Promise<GitTree>
}

/** Submodules of submodules, and so on. */
const MAX_DEPTH = 8

type Submodule = GitState['submodules'][number]

interface Gathered {
  readonly files: TreeFile[]
  readonly folders: ByteText[]
  readonly repositories: { prefix: ByteText; git: Git }[]
  readonly submodules: Submodule[]
  readonly leftOut: Set<ByteText>
  readonly missing: string[]
  readonly made: Promise<GitTree>[]
  bytesLeft: number
}

/** Everything git says of the repository at a place. @returns why not, if git cannot tell */
export async function readWorkingTree(git: Git, place: GitPlace, options: Omit<RepositoryTreeOptions, 'prefix'>): Promise<WorkingTree | string> {
  const gathered: Gathered = { files: [], folders: [], repositories: [], submodules: [], leftOut: new Set(), missing: [], made: [], bytesLeft: options.maxBytes }
  const outer = await gather(git, place, { ...options, prefix: '' as ByteText }, gathered, 0).catch(async (error: unknown) => {
    await Promise.allSettled(gathered.made)
    throw error
  })
  if (typeof outer === 'string') return outer
  const { status, config, isPushed } = outer
  const remotes = Object.entries(config.remotes).map(([name, address]) => ({ name, ...redactRemote(address) }))
  const leftOut = [...gathered.leftOut]
  return {
    state: {
      commit: status.commit, branch: status.branch, isPushed,
      remotes: Object.fromEntries(remotes.map(({ name, value }) => [name, value])),
      dirty: status.changes.map(({ path, status }) => ({ path: textOf(path.replace(/\/$/, '') as ByteText), status })),
      submodules: gathered.submodules,
    },
    isTooLarge: outer.isTooLarge, files: gathered.files, folders: gathered.folders, repositories: gathered.repositories,
    missing: [...gathered.missing, ...(leftOut.length === 0 ? [] : [`Left out of the stored code by the default ignores: ${shownNames(leftOut.map(lossyText))}`])],
    redacted: remotes.filter(({ isSecret }) => isSecret).map(({ name }) => `git.remotes.${name}`),
    made: () => joined(gathered.made),
  }
}

/** Waits for all of them, also if one fails. The first is the outermost. */
async function joined(made: readonly Promise<GitTree>[]): Promise<GitTree> {
  await Promise.allSettled(made)
  const trees = await Promise.all(made)
  return { tree: trees[0]?.tree ?? null, blobs: new Map(trees.flatMap(({ blobs }) => [...blobs])), missing: trees.flatMap(({ missing }) => missing) }
}

async function gather(git: Git, place: GitPlace, options: RepositoryTreeOptions, gathered: Gathered, depth: number): Promise<RepositoryTree | string> {
  const found = await readRepository(git, place, { ...options, maxBytes: gathered.bytesLeft })
  if (typeof found === 'string') return found
  for (const file of found.files) {
    gathered.files.push(file)
    gathered.bytesLeft -= file.size
  }
  gathered.repositories.push({ prefix: options.prefix, git: found.git })
  gathered.missing.push(...found.missing)
  gathered.made.push(found.made)
  for (const path of found.leftOut) gathered.leftOut.add(path)
  for (const [path, commit] of found.links) await gatherLinked(git, join(place.top, lossyText(path)), { found, path, commit, options, gathered, depth: depth + 1 })
  return found
}

interface Linked {
  /** The repository that it is in. */
  readonly found: RepositoryTree
  readonly path: ByteText
  /** As the outer repository has it. */
  readonly commit: string | null
  readonly options: RepositoryTreeOptions
  readonly gathered: Gathered
  readonly depth: number
}

async function gatherLinked(git: Git, folder: string, { found, path, commit, options, gathered, depth }: Linked): Promise<void> {
  const whole = `${options.prefix}${path}` as ByteText
  const place = await placeOf(git, folder)
  const isChanged = found.status.changes.some((change) => change.path === path || change.path === `${path}/`)
  if (place === undefined || depth > MAX_DEPTH) {
    gathered.folders.push(whole)
    gathered.submodules.push({ path: textOf(whole), commit: commit ?? '', isDirty: isChanged })
    gathered.missing.push(`The submodule ${lossyText(whole)} is not stored: ${place === undefined ? 'it is not checked out' : 'it lies too deep'}`)
    return
  }
  const at = gathered.submodules.push({ path: textOf(whole), commit: commit ?? '', isDirty: isChanged }) - 1
  const inner = await gather(git.in(place.top), place, { ...options, excludes: [], prefix: `${whole}/` as ByteText }, gathered, depth)
  if (typeof inner === 'string') gathered.missing.push(`The submodule ${lossyText(whole)} is not stored: ${inner}`)
  else gathered.submodules[at] = { path: textOf(whole), commit: inner.status.commit ?? commit ?? '', isDirty: isChanged || inner.status.changes.length > 0 }
}

/** Undefined if there is no repository of its own: git would then answer for the outer one. */
async function placeOf(git: Git, folder: string): Promise<GitPlace | undefined> {
  try {
    const place = await findPlace(git.in(folder))
    return place.kind === 'tree' && realpathSync(place.place.top) === realpathSync(folder) ? place.place : undefined
  } catch {
    // There is no such folder.
    return undefined
  }
}

function textOf(path: ByteText): string {
  return pathToText(bytesOf(path))
}
