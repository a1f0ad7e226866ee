import { below, type ByteText, byteTextOfPath, lossyText } from '../byte-text.ts'
import { shownNames } from '../execution/shown-names.ts'
import { type EntryFacts, nodeFolderCalls, typeOf } from '../folder-calls.ts'
import { leftOutByDefault } from './default-left-out.ts'
import { fitInto, type SizedFile } from './fit-into.ts'
import type { Git, Variables } from './git-command.ts'
import { type IndexEntry, LINK_MODE, parseEntries } from './git-entries.ts'
import { type GitConfig, type GitPlace, readConfig } from './git-place.ts'
import { GitScratch } from './git-scratch.ts'
import { parseStatus, type PorcelainStatus } from './porcelain-status.ts'

/** A file or link of a working tree. */
export interface TreeFile extends SizedFile {
  /** From the top of the outermost repository. */
  readonly path: ByteText
  /** Absolute. */
  readonly at: ByteText
  readonly facts: EntryFacts
  /** Whether it is as in the commit. */
  readonly isCommitted: boolean
}

/** What git makes of a working tree. */
export interface GitTree {
  /** Null if it could not be made. */
  readonly tree: string | null
  /** Ids of contents by path from the top of the outermost repository. */
  readonly blobs: ReadonlyMap<ByteText, string>
  readonly missing: readonly string[]
}

/** One repository of git with its working tree, without the repositories in it. */
export interface RepositoryTree {
  readonly git: Git
  readonly config: GitConfig
  readonly status: PorcelainStatus
  readonly isPushed: boolean
  readonly files: readonly TreeFile[]
  /** Repositories in the working tree, by their path in this one, with the commit that this one has. */
  readonly links: ReadonlyMap<ByteText, string | null>
  /** What the default rules leave out. */
  readonly leftOut: readonly ByteText[]
  readonly missing: readonly string[]
  /** Nothing of it is to be stored. */
  readonly isTooLarge: boolean
  /** Git works on it while files are read here. Must be waited for, also if that is not needed any more: it removes its temporary files then. */
  readonly made: Promise<GitTree>
}

export interface RepositoryTreeOptions {
  readonly variables: Variables
  /** Where temporary files go. */
  readonly scratchFolder: string
  /** Path of this repository from the outermost one, with a `/` at its end, or empty. */
  readonly prefix: ByteText
  /** Most bytes of files; see `fitInto`. */
  readonly maxBytes: number
  /** Patterns of what is no code, from the top. */
  readonly excludes: readonly ByteText[]
}

/**
 * The state of a repository and what is in its working tree: what is tracked, and what is untracked and not ignored. Nothing in the repository is written, not even times.
 * @returns why not, if git cannot tell
 */
export async function readRepository(outside: Git, place: GitPlace, options: RepositoryTreeOptions): Promise<RepositoryTree | string> {
  let scratch: GitScratch | undefined
  let made: Promise<GitTree> | undefined
  try {
    scratch = await GitScratch.make(options.scratchFolder, place)
    const found = await lookAt(outside, place, scratch, options)
    if (typeof found === 'string') return found
    const { git, fit, making, ...tree } = found
    if (typeof fit === 'string') return { ...tree, git, made: Promise.resolve(NO_TREE), files: [], links: new Map(), missing: [fit], isTooLarge: true }
    made = madeAndRemoved(scratch, () => making(fit.dropped))
    // Whoever waits for it later is told.
    made.catch(() => undefined)
    return { ...tree, git, made, files: fit.kept, missing: [...tree.missing, ...fit.missing], isTooLarge: false }
  } catch (error) {
    return troubleWithFiles(error)
  } finally {
    if (made === undefined) await scratch?.remove()
  }
}

async function madeAndRemoved(scratch: GitScratch, making: () => Promise<GitTree>): Promise<GitTree> {
  try {
    return await making()
  } catch (error) {
    return { ...NO_TREE, missing: [`The git tree of the uncommitted work could not be made: ${troubleWithFiles(error)}`] }
  } finally {
    await scratch.remove()
  }
}

/** @throws the error, if it is not the system's */
function troubleWithFiles(error: unknown): string {
  if (error instanceof Error && 'syscall' in error) return `temporary files: ${error.message}`
  throw error
}

const NO_TREE: GitTree = { tree: null, blobs: new Map(), missing: [] }

async function lookAt(outside: Git, place: GitPlace, scratch: GitScratch, options: RepositoryTreeOptions) {
  const config = await readConfig(outside.in(place.top), options.variables)
  await scratch.writeExcludes(config, options.excludes)
  const filters = config.filters.flatMap((name) => [`filter.${name}.clean=`, `filter.${name}.smudge=`, `filter.${name}.process=`, `filter.${name}.required=false`])
  const git = outside.in(place.top).with([...filters, `core.excludesFile=${scratch.excludesFile}`])
  const [told, unpushed, listed] = await Promise.all([
    git.run(['status', '--porcelain=v2', '--branch', '-z', '--untracked-files=all', '--ignore-submodules=none', '--no-ahead-behind']),
    // The commit itself, unless a remote branch has it.
    git.run(['rev-list', '--max-count=1', 'HEAD', '--not', '--remotes']),
    git.run(['ls-files', '-s', '-z']),
  ])
  if (!told.ok || !listed.ok) return told.ok ? listed.trouble : told.trouble
  const status = parseStatus(told.output)
  const tracked = parseEntries(listed.output)
  const { files, links, leftOut, untracked, absent } = sort(place, status, tracked, options)
  // Unless somebody commits just now.
  const clean = status.changes.length === 0 && status.commit !== null && place.head?.commit === status.commit ? place.head : undefined
  return {
    git, config, status, links, leftOut, isPushed: unpushed.ok && unpushed.output.length === 0, fit: fitInto(files, options.maxBytes),
    missing: absent.length === 0 ? [] : [`Not in the working tree, and so not stored (a sparse checkout): ${shownNames(absent.map(lossyText))}`],
    making: async (dropped: readonly TreeFile[]): Promise<GitTree> => {
      // Of a clean tree everything is known.
      if (clean !== undefined) return { tree: clean.tree, blobs: blobsOf(tracked, options.prefix), missing: [] }
      await scratch.exclude(dropped.map(({ path }) => path.slice(options.prefix.length) as ByteText).filter((path) => untracked.has(path)))
      const { tree, ...made } = await writeTree(git, scratch, options.prefix)
      return { ...made, tree: dropped.length === 0 ? tree : null }
    },
  }
}

function blobsOf(entries: ReadonlyMap<ByteText, IndexEntry>, prefix: ByteText): ReadonlyMap<ByteText, string> {
  return new Map([...entries.values()].map(({ path, id }) => [`${prefix}${path}` as ByteText, id]))
}

interface SortedPaths {
  readonly files: readonly TreeFile[]
  readonly links: ReadonlyMap<ByteText, string | null>
  readonly leftOut: readonly ByteText[]
  readonly untracked: ReadonlySet<ByteText>
  /** Tracked files that are not there, though git sees no change in that. */
  readonly absent: readonly ByteText[]
}

function sort(place: GitPlace, status: PorcelainStatus, tracked: ReadonlyMap<ByteText, IndexEntry>, { prefix }: RepositoryTreeOptions): SortedPaths {
  const top = byteTextOfPath(place.top)
  const changed = new Set(status.changes.map(({ path }) => path))
  const deleted = new Set(status.changes.filter(({ status }) => /^[.MARCT]D$/.test(status)).map(({ path }) => path))
  const untracked = new Set(status.changes.filter(({ status }) => status === '??').map(({ path }) => path))
  const links = new Map<ByteText, string | null>()
  const leftOut = new Set<ByteText>()
  const files: TreeFile[] = []
  const absent: ByteText[] = []
  for (const path of new Set([...tracked.keys(), ...untracked])) {
    const inRepository = path.replace(/\/$/, '') as ByteText
    const whole = `${prefix}${inRepository}` as ByteText
    const rule = leftOutByDefault(whole)
    const entry = tracked.get(path)
    if (rule !== undefined) leftOut.add(rule)
    else if (entry?.mode === LINK_MODE || inRepository !== path) links.set(inRepository, entry?.id ?? null)
    else {
      const at = below(top, path)
      const facts = factsOf(at)
      if (facts === undefined && !changed.has(path)) absent.push(whole)
      if (facts !== undefined && !deleted.has(path)) files.push({ path: whole, at, size: Number(facts.size), facts, isTracked: entry !== undefined, isCommitted: !changed.has(path) })
    }
  }
  return { files, links, leftOut: [...leftOut], untracked, absent }
}

/** Undefined for what is not there, as a deleted file, and for what is neither a file nor a link. */
function factsOf(path: ByteText): EntryFacts | undefined {
  try {
    const facts = nodeFolderCalls.facts(path)
    return facts !== undefined && ['file', 'symlink'].includes(typeOf(facts)) ? facts : undefined
  } catch {
    // A folder of the path is a file by now, or may not be entered: git says so in its own words.
    return undefined
  }
}

/** The tree that `git add -A` would give, made beside the repository. */
async function writeTree(git: Git, scratch: GitScratch, prefix: ByteText): Promise<GitTree> {
  await scratch.copyIndex()
  const beside = git.with([], scratch.variables)
  const added = await beside.run(['add', '-A', '--ignore-errors'])
  // Objects that a partial clone has not fetched need not be there.
  const [written, listed] = await Promise.all([beside.run(['write-tree', '--missing-ok']), beside.run(['ls-files', '-s', '-z'])])
  const failed = [added, written, listed].find(({ ok }) => !ok)
  return {
    tree: failed === undefined ? written.output.toString('latin1').trim() : null,
    blobs: blobsOf(parseEntries(listed.output), prefix),
    missing: failed === undefined ? [] : [`The git tree of the uncommitted work could not be made: ${failed.trouble}`],
  }
}
