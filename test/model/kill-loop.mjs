/**
 * Writers, a collector of garbage and a reader as real processes on one repository, killed at random moments and started again.
 *
 *     VARVE_KILL_SECONDS=3600 VARVE_KILL_SEED=1 node test/model/kill-loop.mjs
 *
 * Prints what it did as one JSON document. The seed repeats what the processes do and who is killed when; not how they meet, which is up to the system.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRepository } from '../../dist/index.js'
import { checkRepository, checkTidied } from './kill-loop-check.mjs'
import { randomOf } from './kill-loop-data.mjs'

const SECONDS = Number(process.env.VARVE_KILL_SECONDS ?? 25)
const MOST_OVERTIME = 4
const SEED = Number(process.env.VARVE_KILL_SEED ?? Date.now() % 1e6)
const ACTORS = ['write', 'write', 'write', 'collect', 'collect', 'read']
/** Between two kills, on average, and longer on a machine that is busy: some processes are killed while they come up, most at work. */
const MEAN_WAIT_MS = 400
const MAX_MEAN_WAIT_MS = 2000
const MAX_WAITS = 8
const KILLS_BEFORE_CHECK = 8
/** Snapshots of each ref that are checked out each time: the newest and some older ones. */
const NEWEST_CHECKED = 2
const OLDER_CHECKED = 1

const random = randomOf(SEED)
const work = mkdtempSync(join(tmpdir(), 'varve-kill-'))
const location = join(work, 'repository')
const did = { seed: SEED, kills: 0, snapshots: 0, removals: 0, collections: 0, removedBytes: 0, reads: 0, lateReads: 0, revoked: 0, checks: 0, checkouts: 0 }
/** What must be in each ref's log, oldest first, and what each root holds. */
const reported = new Map()
const contents = new Map()
const reads = []

function hear(said) {
  if (said.type === 'snapshot') {
    did.snapshots++
    contents.set(said.root, said.content)
    reported.set(said.ref, [...(reported.get(said.ref) ?? []), said])
  } else if (said.type === 'removing') {
    // Until it has said what became of it nobody can know.
    did.removals++
    reported.set(said.ref, [])
  } else if (said.type === 'gc') {
    did.collections++
    did.removedBytes += said.removedBytes
  } else if (said.type === 'read') {
    did.reads++
    reads.push(said)
  } else if (said.type === 'late') did.lateReads++
  else if (said.type === 'revoked') did.revoked++
  else if (said.type === 'failed') throw new Error(`A process failed: ${JSON.stringify(said, null, 1).replaceAll('\\n', '\n')}`)
}

function start(role, number) {
  const order = { role, location, work, name: `writer-${number}`, folder: join(work, `data-${number}`), seed: Math.floor(random() * 2 ** 31) }
  const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-loop-actors.mjs'), JSON.stringify(order)], { stdio: ['pipe', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (said += text))
  const ended = new Promise((resolve) => child.on('close', resolve))
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
    // A line that is cut off was never finished saying.
    for (const line of said.split('\n').slice(0, -1)) hear(JSON.parse(line))
  }
  return { kill }
}

/** Mostly short, now and then long enough for a collection to come to its end. */
const wait = () => new Promise((resolve) => setTimeout(resolve, Math.min(MAX_WAITS, -Math.log(1 - random())) * meanWaitMs))
let meanWaitMs = MEAN_WAIT_MS

function choose(expected) {
  const older = expected.slice(0, -NEWEST_CHECKED)
  return [...expected.slice(-NEWEST_CHECKED), ...Array.from({ length: OLDER_CHECKED }, () => older[Math.floor(random() * older.length)]).filter((one) => one !== undefined)]
}

/** True once each kind of work was done, so that each was there to be disturbed. */
function didAll() {
  return did.snapshots > 5 && did.collections > 0 && did.reads > 0 && did.checkouts > 5
}

/** A reader may have met a snapshot whose writer was killed before it could say so; what is known of a root must be what was read. */
function checkReads() {
  for (const { root, content } of reads.splice(0)) {
    if ((contents.get(root) ?? content) !== content) throw new Error(`${root} was read as something else`)
  }
}

try {
  await (await openRepository(location, { create: true })).close()
  const beganAt = performance.now()
  // On a busy machine kills may leave no time for some kind of work: then it takes longer.
  const goesOn = () => performance.now() < beganAt + SECONDS * (didAll() ? 1 : MOST_OVERTIME) * 1000
  while (goesOn()) {
    const actors = ACTORS.map((role, number) => start(role, number))
    for (let kill = 0; kill < KILLS_BEFORE_CHECK && goesOn(); kill++) {
      await wait()
      const victim = Math.floor(random() * actors.length)
      await actors[victim].kill()
      did.kills++
      actors[victim] = start(ACTORS[victim], victim)
    }
    await wait()
    await Promise.all(actors.map((actor) => actor.kill()))
    did.kills += actors.length
    checkReads()
    const { checkouts, verifyMs } = await checkRepository(location, reported, choose)
    did.checkouts += checkouts
    did.checks++
    meanWaitMs = Math.min(MAX_MEAN_WAIT_MS, Math.max(MEAN_WAIT_MS, verifyMs))
    if (process.env.VARVE_KILL_SECONDS !== undefined) process.stderr.write(`${JSON.stringify(did)}\n`)
  }
  const room = await checkTidied(location)
  did.checkouts += (await checkRepository(location, reported, (expected) => expected)).checkouts
  console.log(JSON.stringify({ ...did, ...room }))
  rmSync(work, { recursive: true })
} catch (error) {
  console.error(`Seed ${SEED}, after ${JSON.stringify(did)}; the repository is left in ${work}`)
  console.error(error)
  process.exitCode = 1
}
