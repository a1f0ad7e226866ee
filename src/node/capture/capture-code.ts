import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import type { GitState } from '../../run/capture-interface.ts'
import { byteTextOfPath } from '../byte-text.ts'
import { CodeCache } from './code-cache.ts'
import { Git } from './git-command.ts'
import { findPlace } from './git-place.ts'
import { patternOf } from './git-scratch.ts'
import { notCode, pathIn, standing } from './not-code.ts'
import type { CaptureOptions, StoredCode } from './interface.ts'
import { storePlainFolder } from './plain-folder.ts'
import { type StoredTree, storeWorkingTree } from './store-working-tree.ts'
import { readWorkingTree, type WorkingTree } from './working-tree.ts'

const DEFAULT_MAX_BYTES = 200_000_000
const DEFAULT_GIT_TIMEOUT_MS = 30_000

export interface CodeAndGit extends StoredCode {
  readonly git: GitState | null
  /** Top of the working tree, or the folder itself where there is none. */
  readonly top: string
  /** See `Capture`. */
  readonly leftOut: readonly string[]
}

/** The state of git, and the working tree that a folder is in, stored; outside of git the folder. */
export async function captureCode(folder: string, options: CaptureOptions): Promise<CodeAndGit> {
  const { maxBytes = DEFAULT_MAX_BYTES, gitTimeoutMs = DEFAULT_GIT_TIMEOUT_MS, scratchFolder = tmpdir(), variables, signal } = options
  const top = resolve(folder)
  const plain = async (why: string): Promise<CodeAndGit> => {
    const own = notCode(top, top, options)
    const stored = await storePlainFolder(top, { ...options, leaveOut: own, maxBytes })
    return { ...stored, git: null, top, leftOut: standing(top, own), missing: [why, ...stored.missing] }
  }
  if (!existsSync(top)) return { git: null, code: null, top, leftOut: [], missing: [`Neither the state of git nor the code was recorded: there is no folder ${top}`], redacted: [] }
  const git = new Git(top, { variables, timeoutMs: gitTimeoutMs, signal })
  const found = await findPlace(git)
  if (found.kind === 'no-tree') {
    return { git: null, code: null, top, leftOut: [], missing: [`Neither the state of git nor the code was recorded: ${top} belongs to a repository of git, and to no working tree`], redacted: [] }
  }
  if (found.kind === 'none') return plain(`The state of git is not known: ${found.isAbsent ? 'git is not installed, or not in PATH' : found.trouble}`)
  const { place } = found
  const own = notCode(place.top, top, options)
  const tree = await readWorkingTree(git, place, { variables, scratchFolder, maxBytes, excludes: own.map((path) => patternOf(byteTextOfPath(path))) })
  if (typeof tree === 'string') return plain(`The state of git is not known: ${tree}`)
  try {
    const inTree = pathIn(place.top, top)
    if (!tree.isTooLarge && !isPartOf(tree, place.top, top, options.argv)) return await plain(`The state of git is not known: the repository in ${place.top} ignores ${inTree}`)
    const stored = tree.isTooLarge ? { ...NOTHING, made: await tree.made(), isAsInGit: true } : await storeCached(tree, inTree, place.top, options)
    return { git: { ...tree.state, tree: stored.made.tree }, top: place.top, leftOut: standing(place.top, own).filter((path) => !isTracked(tree, path)), code: stored.code, missing: [...tree.missing, ...stored.missing], redacted: [...tree.redacted, ...stored.redacted] }
  } finally {
    await tree.made().catch(() => undefined)
  }
}

async function storeCached(tree: WorkingTree, folder: string, top: string, { cache: place, session, ...options }: CaptureOptions): Promise<StoredTree> {
  const cache = place === undefined ? undefined : new CodeCache({ ...place, top })
  try {
    const stored = await storeWorkingTree(session, tree, folder, { ...options, cache })
    // What is to be told of a file must be found out again the next time.
    if (stored.code !== null && stored.isAsInGit) await cache?.commit()
    return stored
  } finally {
    cache?.close()
  }
}

const NOTHING: StoredCode = { code: null, missing: [], redacted: [] }

/**
 * Whether a run in a folder has to do with a working tree: the folder, or what the command line names, is part of it. A project may lie in a home folder that is a repository of settings, and is ignored there;
 * and a run may start in a folder of results, which is ignored where its code is.
 */
function isPartOf({ files }: WorkingTree, top: string, folder: string, argv: readonly string[]): boolean {
  const inTree = pathIn(top, folder)
  if (inTree === '') return true
  const prefix = `${byteTextOfPath(inTree)}/`
  if (files.some(({ path }) => path.startsWith(prefix))) return true
  const named = new Set<string>(argv.map((word) => byteTextOfPath(pathIn(top, resolve(folder, word)))))
  return files.some(({ path }) => named.has(path))
}

/** A file that is tracked is code, whoever writes it. */
function isTracked({ files }: WorkingTree, path: string): boolean {
  const text = byteTextOfPath(path)
  return files.some((file) => file.isTracked && file.path === text)
}
