import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processExecutor } from '../../../src/node/execution/executor.ts'
import { Workshop, writeFiles, outputOf } from './made-jobs.ts'

const workshop = new Workshop()
const IMPORTS = `const { chmodSync, writeFileSync, rmSync, statSync } = await import('node:fs');`

describe('a run that is not hermetic', () => {
  it.each([
    [`chmodSync(inputs.raw.path + '/a.txt', 0o644); writeFileSync(inputs.raw.path + '/a.txt', 'b')`, 'the input raw did not stay as it was: a.txt was changed'],
    [`chmodSync(inputs.raw.path, 0o755); writeFileSync(inputs.raw.path + '/b.txt', 'b'); chmodSync(inputs.raw.path, 0o555)`, 'the input raw did not stay as it was: b.txt was added'],
    [`chmodSync(inputs.raw.path, 0o755); rmSync(inputs.raw.path + '/a.txt'); chmodSync(inputs.raw.path, 0o555)`, 'the input raw did not stay as it was: a.txt was removed'],
    [`chmodSync('.', 0o755); writeFileSync('cache.json', '{}'); chmodSync('.', 0o555)`, 'the code did not stay as it was: cache.json was added'],
    // With the size and time of before.
    [`const { execFileSync } = await import('node:child_process'), a = inputs.raw.path + '/a.txt'; execFileSync('cp', ['-p', a, outputs.out.path + '/a']); chmodSync(a, 0o644); writeFileSync(a, 'b'); execFileSync('touch', ['-r', outputs.out.path + '/a', a]); chmodSync(a, 0o444)`, 'a.txt was changed'],
  ])('is one that does %s', async (body, reason) => {
    expect(await workshop.runFunction(`${IMPORTS} ${body}`)).toMatchObject({ status: 'not-hermetic', reason: expect.stringContaining(reason) as string })
  })

  it('is a command that changes its input', async () => {
    expect(await workshop.runCommand(['sh', '-c', 'chmod u+w "$1/a.txt" && echo b > "$1/a.txt"', 'sh', '{inputs.raw}'])).toMatchObject({ status: 'not-hermetic', reason: 'the input raw did not stay as it was: a.txt was changed' })
  })

  it('is none for what it writes to its output and to temporary folders', async () => {
    const outcome = await workshop.runFunction(`${IMPORTS} const { tmpdir, homedir } = await import('node:os'); writeFileSync(tmpdir() + '/a', ''); writeFileSync(homedir() + '/b', ''); await outputs.out.write('modes', [statSync(inputs.raw.path), statSync(inputs.raw.path + '/a.txt'), statSync('recipe.mjs')].map(({ mode }) => (mode & 0o222).toString(8)).join())`)
    expect(outcome).toMatchObject({ status: 'succeeded', reason: null })
    expect(await outputOf(outcome, 'modes')).toBe('0,0,0')
  })

  it.each([
    ['import', (path: string) => ({ top: `import ${JSON.stringify(path)}` })],
    ['a later import', (path: string) => ({ body: `await import(${JSON.stringify(path)})` })],
    ['require', (path: string) => ({ top: `import './inner.cjs'`, code: { 'inner.cjs': `require(${JSON.stringify(path)})` } })],
    ['createRequire', (path: string) => ({ body: `const { createRequire } = await import('node:module'); createRequire(import.meta.url)(${JSON.stringify(path)})` })],
  ])('is one that loads a module from elsewhere with %s', async (_how, recipe) => {
    const path = join(workshop.parent, 'outside.cjs')
    await writeFile(path, 'module.exports = 1')
    const { body = '', ...options } = recipe(path) as { body?: string; top?: string; code?: Record<string, string> }
    expect(await workshop.runFunction(body, options)).toMatchObject({ status: 'not-hermetic', reason: `it loaded modules that belong neither to its code nor to its packages: ${path}` })
  })

  it('is one that loads another package, or another version, than it may', async () => {
    const modules = join(workshop.parent, 'project/node_modules')
    await writeFiles(modules, {
      'direct/package.json': '{"name": "direct", "version": "1.0.0", "main": "index.js"}', 'direct/index.js': 'module.exports = require("beneath")',
      'beneath/package.json': '{"name": "beneath", "version": "2.0.0"}', 'beneath/index.js': 'require("./first"), require("./second")\nmodule.exports = 5',
      'beneath/first.js': 'require("./shared")', 'beneath/second.js': 'require("./shared")', 'beneath/shared.js': '',
      '@a/esm/package.json': '{"name": "@a/esm", "version": "3.0.0", "type": "module", "exports": "./index.js"}', '@a/esm/index.js': 'import beneath from "beneath"\nexport default beneath',
    })
    async function run(source: string, packages: readonly [string, string][]) {
      const scratch = await workshop.scratch({ 'recipe.mjs': `${source}\nexport const recipe = { name: 'test', inputs: [], outputs: ['out'], run: () => { if (value !== 5) throw new Error('wrong') } }` })
      await mkdir(scratch.code, { recursive: true })
      await symlink(modules, join(scratch.code, 'node_modules'))
      const allowed = packages.map(([name, version]) => ({ name, version, integrity: null }))
      return processExecutor.execute({ scratch, action: { kind: 'function', module: 'recipe.mjs', exportName: 'recipe' }, name: 'test', inputs: [], outputs: ['out'], params: {}, seed: '', packages: allowed })
    }
    const direct = 'import value from "direct"'
    const esm = 'import value from "@a/esm"'
    const outcomes = await Promise.all([
      run(direct, [['direct', '1.0.0']]), run(esm, [['@a/esm', '3.0.0']]), run('import "direct"\nimport value from "beneath"', [['direct', '1.0.0'], ['beneath', '2.0.0']]),
      run(direct, []), run(direct, [['direct', '1.0.1']]), run(esm, [['direct', '1.0.0']]), run('import value from "beneath"', [['direct', '1.0.0']]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded', 'not-hermetic', 'not-hermetic', 'not-hermetic', 'not-hermetic'])
    expect(outcomes[6]?.reason).toContain(join('beneath', 'index.js'))
  })
})
