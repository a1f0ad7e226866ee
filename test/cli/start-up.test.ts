import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const SOURCE = resolve('src')

/** Packages that a file loads, itself or through what it imports; `import()` and types load nothing. */
function packagesOf(file: string, seen: Set<string> = new Set(), found: Set<string> = new Set()): Set<string> {
  if (seen.has(file)) return found
  seen.add(file)
  for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(/^(?:import|export)\s(?!type\b)[^'"]*?from\s+['"]([^'"]+)['"]/gm)) {
    if (target.startsWith('.')) packagesOf(join(dirname(file), target), seen, found)
    else if (!target.startsWith('node:')) found.add(target.split('/').slice(0, target.startsWith('@') ? 2 : 1).join('/'))
  }
  return found
}

describe('the command line and the library start fast, because they load little', () => {
  it.each([
    ['the version', 'cli/main.ts', []],
    ['the parser', 'cli/run.ts', ['commander']],
    ['the verb log', 'cli/verbs/log.ts', []],
    ['the library, which reads no YAML until it is asked to', 'index.ts', ['@noble/hashes', 'acorn', 'acorn-walk', 'fflate', 'fzstd', 'multiformats', 'picomatch']],
    ['an opened repository', 'node/open-repository.ts', ['multiformats', 'picomatch']],
  ])('%s', (_what, file, packages) => {
    expect([...packagesOf(join(SOURCE, file))].filter((name) => !name.endsWith('.json')).sort()).toEqual(packages)
  })
})
