import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { packageState } from '../../../src/node/capture/package-state.ts'
import { MadeRepositories, write } from './made-repositories.ts'

const made = new MadeRepositories()
afterAll(() => made.remove())

type Entry = Readonly<Record<string, string | boolean>>

/** A project with packages locked and installed like that; `really` says what is in a folder if it is not what npm noted. */
function project(locked: Readonly<Record<string, Entry>> | undefined, installed: Readonly<Record<string, Entry>> | undefined, really: Readonly<Record<string, string | null>> = {}): string {
  const folder = made.folder()
  write(folder, { 'sub/train.mjs': 'x' })
  if (locked !== undefined) write(folder, { 'package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: { '': { name: 'project', version: '1.0.0' }, ...locked } }) })
  if (installed === undefined) return folder
  write(folder, { 'node_modules/.package-lock.json': JSON.stringify({ lockfileVersion: 3, packages: installed }) })
  for (const [at, { version }] of Object.entries(installed)) {
    const there = really[at] === undefined ? version : really[at]
    if (typeof there === 'string') write(folder, { [`${at}/package.json`]: JSON.stringify({ version: there }) })
  }
  return folder
}

const ZOD: Entry = { version: '4.1.0', integrity: 'sha512-zod' }

describe('packages', () => {
  it('are what is installed; a lock file that is the same leaves no difference', () => {
    const packages = { 'node_modules/zod': ZOD, 'node_modules/a/node_modules/zod': { version: '3.0.0', integrity: 'sha512-old' }, 'node_modules/a': { version: '1.0.0' }, 'node_modules/alias': { name: '@scope/real', version: '2.0.0' }, 'node_modules/own': { resolved: 'own', link: true } }
    const folder = project(packages, packages)
    const { packages: found, missing } = packageState(join(folder, 'sub'), folder)
    expect(missing).toEqual([])
    expect(found?.differences).toEqual([])
    expect(found?.lockFile?.path).toBe('package-lock.json')
    expect(found?.lockFile?.sha256).toBe(createHash('sha256').update(JSON.stringify({ lockfileVersion: 3, packages: { '': { name: 'project', version: '1.0.0' }, ...packages } })).digest('hex'))
    expect(found?.installed).toEqual([
      { name: '@scope/real', version: '2.0.0', integrity: null }, { name: 'a', version: '1.0.0', integrity: null }, { name: 'zod', version: '3.0.0', integrity: 'sha512-old' }, { name: 'zod', version: '4.1.0', integrity: 'sha512-zod' },
    ])
  })

  it('differ in versions, integrity, what is not there and what is there besides', () => {
    const folder = project(
      { 'node_modules/zod': ZOD, 'node_modules/b': { version: '1.0.0', integrity: 'sha512-b' }, 'node_modules/c': { version: '1.0.0' }, 'node_modules/e': { version: '1.0.0' }, 'node_modules/f': { version: '1.0.0' } },
      { 'node_modules/zod': { version: '4.0.9' }, 'node_modules/b': { version: '1.0.0', integrity: 'sha512-x' }, 'node_modules/a/node_modules/d': { version: '1.0.0' }, 'node_modules/e': { version: '1.0.0' }, 'node_modules/f': { version: '1.0.0' } },
      { 'node_modules/e': '1.0.1', 'node_modules/f': null },
    )
    expect(packageState(folder, folder).packages?.differences).toEqual([
      'b: 1.0.0 is locked with sha512-b, installed with sha512-x', 'c: locked 1.0.0, not installed', 'd (node_modules/a/node_modules/d): installed 1.0.0, not locked',
      'e: npm installed 1.0.0, and 1.0.1 is in node_modules/e', 'f: npm installed 1.0.0, and it is not in node_modules/f', 'zod: locked 4.1.0, installed 4.0.9',
    ])
  })

  it('may lack what is optional, and all of development or nothing of it', () => {
    const locked = { 'node_modules/zod': ZOD, 'node_modules/o': { version: '1.0.0', optional: true }, 'node_modules/d1': { version: '1.0.0', dev: true }, 'node_modules/d2': { version: '1.0.0', dev: true } }
    const production = project(locked, { 'node_modules/zod': ZOD })
    expect(packageState(production, production).packages?.differences).toEqual([])
    const half = project(locked, { 'node_modules/zod': ZOD, 'node_modules/d1': { version: '1.0.0' } })
    expect(packageState(half, half).packages?.differences).toEqual(['d2: locked 1.0.0, not installed'])
  })

  it('that are not known are said to be so', () => {
    const nothing = made.folder()
    expect(packageState(nothing, nothing)).toEqual({ packages: null, missing: ['The packages are not known: there is no lock file'] })
    const onlyLock = project({ 'node_modules/zod': ZOD }, undefined)
    expect(packageState(onlyLock, onlyLock)).toMatchObject({ packages: { installed: [], differences: [] }, missing: ['What is installed is not known: there is no node_modules/.package-lock.json, which npm keeps'] })
    const onlyInstalled = project(undefined, { 'node_modules/zod': ZOD })
    expect(packageState(onlyInstalled, onlyInstalled)).toMatchObject({ packages: { lockFile: null, installed: [{ name: 'zod' }] }, missing: ['What should be installed is not known: there is no lock file'] })
    const pnpm = project(undefined, { 'node_modules/zod': ZOD })
    write(pnpm, { 'pnpm-lock.yaml': 'lockfileVersion: 9' })
    expect(packageState(pnpm, pnpm).missing).toEqual(['Whether what is installed is what is locked is not known: pnpm-lock.yaml does not say where packages are'])
  })

  it('are none where a lock file has none and nothing is installed: npm notes nothing then', () => {
    const folder = project({}, undefined)
    expect(packageState(folder, folder)).toMatchObject({ packages: { lockFile: { path: 'package-lock.json' }, installed: [], differences: [] }, missing: [] })
    write(folder, { 'node_modules/.bin/x': '' })
    expect(packageState(folder, folder).missing).toEqual([])
    write(folder, { 'node_modules/zod/package.json': '{"version":"4.1.0"}' })
    expect(packageState(folder, folder).missing).toEqual(['What is installed is not known: there is no node_modules/.package-lock.json, which npm keeps'])
  })

  it.each(['', 'null', '[]', '{"packages":7}', '{"packages":{"node_modules/x":null}}', '{"packages":{"node_modules/x":{"version":7}}}', 'not json'])('survive a lock file that says %j', (text) => {
    const folder = project(undefined, { 'node_modules/zod': ZOD })
    write(folder, { 'package-lock.json': text })
    expect(packageState(folder, folder).packages?.installed).toEqual([{ name: 'zod', version: '4.1.0', integrity: 'sha512-zod' }])
    write(folder, { 'node_modules/.package-lock.json': text })
    expect(packageState(folder, folder).packages?.lockFile?.path).toBe('package-lock.json')
  })

  it('of another language are its lock file', () => {
    const folder = made.folder()
    write(folder, { 'uv.lock': 'version = 1\n', 'node_modules/.package-lock.json': '{"packages":{}}' })
    expect(packageState(folder, folder).packages).toMatchObject({ lockFile: { path: 'uv.lock' }, installed: [] })
  })
})
