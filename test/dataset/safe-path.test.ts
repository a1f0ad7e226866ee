import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/bytes.ts'
import { type CheckoutRules, PathGuard } from '../../src/dataset/safe-path.ts'
import type { ManifestValue } from '../../src/manifest/interface.ts'

const posix: CheckoutRules = { folding: { case: false, normalization: false, windows: false }, allowRepositoryNames: false, allowExternalLinks: false }
const mac: CheckoutRules = { ...posix, folding: { case: true, normalization: true, windows: false } }
const windows: CheckoutRules = { ...posix, folding: { case: true, normalization: false, windows: true } }
const folder: ManifestValue = { kind: 'directory' }

function check(rules: CheckoutRules, ...paths: string[]): void {
  const guard = new PathGuard(rules)
  for (const path of paths) guard.check({ path: utf8(path), value: folder })
}

function checkLink(path: string, target: string, rules: CheckoutRules = posix): void {
  new PathGuard(rules).check({ path: utf8(path), value: { kind: 'symlink', target: utf8(target) } })
}

describe('names that a checkout refuses', () => {
  it.each(['', '.', '..', 'a/../b', 'a//b', '/a', 'a/', 'a/./b', 'a\0b'])('everywhere, because they lead out of the folder: %j', (path) => {
    expect(() => check({ ...posix, allowRepositoryNames: true, allowExternalLinks: true }, path)).toThrow(expect.objectContaining({ code: 'UNSAFE_PATH' }))
  })

  it.each(['.git', '.GIT/config', 'a/.Git', '.git ', '.git.', '.git::$INDEX_ALLOCATION', 'git~1', '.g\u200cit', '.ｇｉｔ', '.varve', 'a/.VARVE/log', 'VARVE~1'])(
    'because a program would take them for a repository: %j', (path) => {
      expect(() => check(posix, path)).toThrow(/repository/)
      expect(() => check({ ...posix, allowRepositoryNames: true }, path)).not.toThrow()
    })

  it.each(['C:', 'c:/x', 'a:stream', 'back\\slash', 'con', 'CON.txt', 'a/nul', 'com1', 'LPT9.log', 'COM¹', 'dot.', 'space ', 'what?', 'a*', 'pipe|', 'tab\t'])('on Windows, which gives them another meaning: %j', (path) => {
    expect(() => check(windows, path)).toThrow(expect.objectContaining({ code: 'UNSAFE_PATH' }))
    expect(() => check(posix, path)).not.toThrow()
  })

  it('where the file system does not tell them apart', () => {
    expect(() => check(mac, 'README', 'readme')).toThrow(/does not tell it from "README"/)
    expect(() => check(mac, 'A/x', 'a/y')).toThrow(/does not tell/)
    expect(() => check(mac, 'caf\u00e9', 'cafe\u0301')).toThrow(/does not tell/)
    expect(() => check(mac, 'straße', 'STRASSE')).toThrow(/does not tell/)
    expect(() => check(mac, 'A/x', 'A/y', 'b')).not.toThrow()
    expect(() => check(posix, 'README', 'readme', 'caf\u00e9', 'cafe\u0301')).not.toThrow()
  })
})

describe('links that a checkout refuses', () => {
  it.each([
    ['a', '/etc/passwd'], ['a', '..'], ['a', '../x'], ['d/a', '../../x'], ['a', 'b/../../x'], ['d/a', 'link/..'], ['a', 'x/y/../..'], ['a', 'C:\\x'], ['a', '\\\\server\\x'], ['a', './../x'],
  ])('because they can lead outside: %s -> %s', (path, target) => {
    expect(() => checkLink(path, target)).toThrow(expect.objectContaining({ code: 'UNSAFE_PATH' }))
    expect(() => checkLink(path, target, { ...posix, allowExternalLinks: true })).not.toThrow()
  })

  it.each([['a', 'b'], ['a', './b/c'], ['d/a', '../b'], ['d/e/a', '../../b/c'], ['a', 'b//c'], ['a', '...'], ['a', '..b/c']])('but not those that stay inside: %s -> %s', (path, target) => {
    expect(() => checkLink(path, target)).not.toThrow()
  })
})
