import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

/** Set to go on for longer; `node test/model/kill-loop.mjs` by hand says more on the way. */
const SECONDS = Number(process.env['VARVE_KILL_SECONDS'] ?? 25)

it('processes that are killed at any moment lose nothing that they have reported, damage nothing, and leave nothing behind', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [resolve('test/model/kill-loop.mjs')], {
    env: { ...process.env, VARVE_KILL_SECONDS: String(SECONDS) }, maxBuffer: 2 ** 26,
  })
  const did = JSON.parse(stdout) as Record<string, number>
  // If nothing happened between the kills, nothing was tested.
  expect(did['kills']).toBeGreaterThan(SECONDS / 4)
  expect(did['snapshots']).toBeGreaterThan(5)
  expect(did['collections']).toBeGreaterThan(0)
  expect(did['reads']).toBeGreaterThan(0)
  expect(did['checkouts']).toBeGreaterThan(5)
}, SECONDS * 4000 + 120_000)
