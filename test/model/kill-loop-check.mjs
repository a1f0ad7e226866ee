// What must hold whenever everything has been killed.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openRepository } from '../../dist/index.js'
import { fingerprint } from './kill-loop-data.mjs'

const CLI = resolve(import.meta.dirname, '../../dist/cli.js')

function cli(args) {
  try {
    return execFileSync(process.execPath, [CLI, ...args], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  } catch (error) {
    throw new Error(`varve ${args.join(' ')} exited with ${error.status}: ${error.stdout} ${error.stderr}`, { cause: error })
  }
}

/**
 * Every snapshot that a writer has said is done is in the log of its ref, and those that `choose` picks check out byte for byte; and `varve verify` finds
 * nothing. Returns how many were checked out, and how long it took the binary to verify.
 */
export async function checkRepository(location, reported, choose) {
  const startedAt = performance.now()
  cli(['verify', '--repo', location, '--quiet'])
  const verifyMs = performance.now() - startedAt
  const repository = await openRepository(location)
  const scratch = mkdtempSync(join(tmpdir(), 'varve-kill-check-'))
  let checkouts = 0
  try {
    for (const [ref, expected] of reported) {
      if (expected.length === 0) continue
      const logged = new Map()
      for await (const { snapshot, root } of repository.log(ref)) logged.set(snapshot, root)
      for (const { snapshot, root } of expected) {
        if (logged.get(snapshot) !== root) throw new Error(`${ref} has lost ${snapshot}, which its writer had reported`)
      }
      for (const { snapshot, content } of choose(expected)) {
        const target = join(scratch, String(checkouts++))
        await repository.checkout(snapshot, target)
        if (fingerprint(target) !== content) throw new Error(`${snapshot} of ${ref} checks out as something else`)
        rmSync(target, { recursive: true })
      }
    }
  } finally {
    await repository.close()
    rmSync(scratch, { recursive: true, force: true })
  }
  return { checkouts, verifyMs }
}

/** When nobody is left, collections leave what is needed and nothing else: no pack, index file, lease or temporary file of those who died. */
export async function checkTidied(location) {
  const repository = await openRepository(location)
  let report
  for (let round = 0; round < 3; round++) report = await repository.collectGarbage({ graceMs: 0 })
  const { indexes, root } = repository.blocks
  await repository.close()
  const files = (folder) => readdirSync(join(location, folder), { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const packs = [...indexes.packs]
  const named = { packs: packs.length, index: root.indexes.length, sessions: 0, tmp: 0 }
  const found = Object.fromEntries(Object.keys(named).map((folder) => [folder, files(folder).length]))
  if (JSON.stringify(found) !== JSON.stringify(named)) throw new Error(`Left behind: ${JSON.stringify(found)} instead of ${JSON.stringify(named)}`)
  const stored = files('packs').reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
  // A pack of which less than a fifth is of no use stays as it is.
  if (stored > report.live.bytes * 1.4 + 100_000) throw new Error(`${stored} bytes are stored, of which ${report.live.bytes} are live`)
  return { storedBytes: stored, liveBytes: report.live.bytes }
}
