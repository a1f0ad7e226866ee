import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MadeFolders } from '../made-folders.ts'
import { noise, SEGMENT, writeTree } from './thread-trial.ts'

const made = new MadeFolders()
const data = made.make()
const bundle = join(made.base, 'alone', 'library.mjs')
beforeAll(async () => {
  writeTree(data, new Map([['large', noise(2 * SEGMENT, 1)], ['small', noise(10, 2)]]))
  // One file with all of the library in it, far from what it was made of: what a user's bundler makes.
  await build({
    stdin: {
      contents: `export { nodeFolders } from './src/node/folder-port.ts'; export { openRepository } from './src/node/open-repository.ts'; export { hashFolder } from './src/dataset/folder-state.ts'`,
      resolveDir: '.',
    },
    bundle: true, format: 'esm', platform: 'node', outfile: bundle, logLevel: 'silent', packages: 'bundle',
    banner: { js: 'import { createRequire as cr } from "node:module"; const require = cr(import.meta.url);' },
  })
})
afterAll(() => made.remove())

/** Runs a program that has a `port` whose folders are walked and read by threads, in a process of its own; fails if that does not end by itself. */
function run(program: string, flags: readonly string[] = []): string {
  const text = `
    import { nodeFolders, openRepository } from ${JSON.stringify(`file://${bundle}`)}
    const port = nodeFolders({ threads: { count: 2, fromBytes: 0, walkFromBytes: 0 } })
    const seen = []
    const store = { begin() {}, space: () => new Uint8Array(1), advance() {}, finish: () => ({ cid: undefined, size: 0 }), holds: () => false,
      chunks: { hash: 'sha2-256', compression: 'none', take(digest, bytes) { seen.push(bytes.length); return false } } }
    ${program}`
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '--eval', text], { cwd: made.base, encoding: 'utf8', timeout: 20_000 })
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' })
  return stdout.trim()
}

const READ = `for await (const entry of port.read(${JSON.stringify(data)}, store, {})); console.log(seen.reduce((sum, size) => sum + size))`

describe('a process whose folders threads walk and read', () => {
  test('needs no file beside the bundle, and ends when it is done', () => {
    expect(run(READ)).toBe(`${2 * SEGMENT + 10}`)
  })

  test('may have flags that threads do not take, or would take amiss', () => {
    expect(run(READ, ['--max-old-space-size=300', '--expose-gc', '--title=reader', '--no-warnings'])).toBe(`${2 * SEGMENT + 10}`)
  })

  test('ends though it drops what it was reading, or throws in the middle', () => {
    const entries = `port.read(${JSON.stringify(data)}, store, {})[Symbol.asyncIterator]()`
    expect(run(`const entries = ${entries}; await entries.next(); console.log('dropped')`)).toBe('dropped')
    expect(run(`try { for await (const entry of ${entries}) throw new Error('mine') } catch (error) { console.log(error.message) }`)).toBe('mine')
  })
})
