import { readdirSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import picomatch from 'picomatch'
import { InvalidArgumentError } from '../../errors.ts'
import type { ByteText } from '../byte-text.ts'
import { defaultRuleFor } from '../default-ignores.ts'
import { isAbsence } from '../system-errors.ts'
import { pathBelow } from './top-folder.ts'

/** What Python writes beside the modules that it runs. */
const CACHES = /^__pycache__$|\.py[co]$/

/**
 * The files that globs match, absolute and sorted, each once. Globs are relative to the folder, with `/`; one that matches a folder means all in it, and `!` takes away what others
 * have matched. Stars match no names that begin with a dot, and nothing of installed packages, repositories, private keys and Python's caches. Links to files are followed.
 *
 * @throws InvalidArgumentError naming a glob that matches nothing
 */
export function globFiles(folder: string, globs: readonly string[]): readonly string[] {
  const excluded = globs.filter((glob) => glob.startsWith('!')).map((glob) => matcherOf(glob.slice(1)))
  const found = new Set<string>()
  for (const glob of globs) {
    if (glob.startsWith('!')) continue
    const matched = filesOf(folder, glob)
    if (matched.length === 0) throw new InvalidArgumentError(`No file in ${folder} matches ${JSON.stringify(glob)}`, { data: { folder, glob }, hint: 'Correct the glob, or leave it out.' })
    for (const path of matched) if (!excluded.some((isMatch) => isMatch(pathBelow(path, folder)))) found.add(path)
  }
  return [...found].sort()
}

function filesOf(folder: string, glob: string): readonly string[] {
  const { base, glob: pattern } = picomatch.scan(glob)
  const start = resolve(folder, base.replaceAll(/\\(.)/g, '$1'))
  if (typeOf(start) === 'file') return pattern === '' ? [start] : []
  if (typeOf(start) !== 'folder') return []
  const isMatch = pattern === '' ? () => true : matcherOf(pattern)
  return [...filesBelow(start)].filter((path) => isMatch(pathBelow(path, start)))
}

function matcherOf(glob: string): (path: string) => boolean {
  return picomatch([glob, `${glob}/**`])
}

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || defaultRuleFor(entry.name as ByteText) !== undefined || CACHES.test(entry.name)) continue
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.isFile() || (entry.isSymbolicLink() && typeOf(path) === 'file')) yield path
  }
}

function typeOf(path: string): 'file' | 'folder' | undefined {
  try {
    const facts = statSync(path)
    return facts.isFile() ? 'file' : facts.isDirectory() ? 'folder' : undefined
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}
