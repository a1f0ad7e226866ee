import { readFileSync } from 'node:fs'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { BlockRepository, MemoryStorage, Repository } from '../../src/core.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'

/** A folder of several kinds of entries, made by a formula that both sides run. */
const MAKE_ENTRIES = `(() => {
  const bytes = (length, seed) => { let s = seed; return Uint8Array.from({ length }, () => { s = Math.imul(s, 1664525) + 1013904223 | 0; return s >>> 24 }) }
  return [
    { path: 'large.bin', content: bytes(3000000, 1) }, { path: 'a/small.txt', content: 'small' }, { path: 'a/run', content: '#!', executable: true },
    { path: 'a-link', symlink: 'a/run' }, { path: 'empty', directory: true }, { path: 'caf\\u00e9', content: '' }, { path: '__proto__', content: 'x' },
  ]
})()`

async function bundleCore(): Promise<string> {
  const { outputFiles } = await build({ entryPoints: ['dist/core.js'], bundle: true, platform: 'browser', format: 'iife', globalName: 'varve', write: false, logLevel: 'silent', target: 'es2022' })
  return outputFiles[0]?.text ?? ''
}

describe('the core', () => {
  it('is bundled for a browser without any module of Node', async () => {
    const code = await bundleCore()
    expect(code.length).toBeGreaterThan(10_000)
    expect(/\brequire\(["'][^"']*["']\)|["']node:[a-z]+["']/.exec(code)?.[0]).toBeUndefined()
  })

  it('gives the same roots in a world that has only what the web has', async () => {
    const web = {
      setTimeout, TextEncoder, TextDecoder, crypto: globalThis.crypto, performance, ReadableStream, Response, AbortSignal, WebAssembly, atob, URL, Uint8Array, console: undefined,
    }
    const context = createContext(web)
    runInContext(`${await bundleCore()}; globalThis.varve = varve`, context)
    const run = `(async () => {
      const repository = new varve.Repository(await varve.BlockRepository.create(new varve.MemoryStorage()))
      const { root } = await repository.snapshot(${MAKE_ENTRIES}, { ref: 'data' })
      const { ok } = await repository.verify()
      return { root, ok, node: typeof process + typeof require + typeof Buffer }
    })()`
    const portable = (await runInContext(run, context)) as { root: string; ok: boolean; node: string }
    const native = new Repository(await BlockRepository.create(new MemoryStorage(), { platform: nodePlatform }))
    const entries = runInContext(MAKE_ENTRIES, createContext({ Uint8Array, Math })) as Parameters<Repository['snapshot']>[0]
    const { root } = await native.snapshot(entries, { ref: 'data' })
    expect(portable).toEqual({ root, ok: true, node: 'undefinedundefinedundefined' })
    const vectors = JSON.parse(readFileSync('test/vectors/portable-root.json', 'utf8')) as { root: string }
    expect(root).toBe(vectors.root)
  })

  it('reads on one platform what the other compressed', async () => {
    const storage = new MemoryStorage()
    const text = 'a,b,c\n'.repeat(20_000)
    const writer = new Repository(await BlockRepository.create(storage, { platform: nodePlatform }))
    await writer.snapshot([{ path: 'table.csv', content: text }], { ref: 'data' })
    const reader = new Repository(await BlockRepository.open(storage))
    expect(new TextDecoder().decode(await reader.read('data', 'table.csv'))).toBe(text)
    await reader.snapshot([{ path: 'table.csv', content: text.replaceAll('a', 'd') }], { ref: 'data' })
    const again = new Repository(await BlockRepository.open(storage, { platform: nodePlatform }))
    expect(new TextDecoder().decode(await again.read('data', 'table.csv'))).toBe(text.replaceAll('a', 'd'))
  })
})
