// The processes of the kill loop. Each says what it has done on its standard output, one JSON document a line, written before the next step begins: what
// a process has said is done must be there whatever happens to it afterwards.
import { mkdtempSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openRepository } from '../../dist/index.js'
import { changeFolder, fingerprint, randomOf } from './kill-loop-data.mjs'

/** How long a collection leaves readers of the state before. */
const GRACE_MS = 300
/** A ref is removed after so many snapshots, or the repository would grow for ever. */
const SNAPSHOTS_OF_A_REF = 25

const say = (document) => writeSync(1, `${JSON.stringify(document)}\n`)

/** Takes snapshots of a folder of its own under a ref of its own; now and then removes the ref, and begins again. */
async function write({ location, name, folder, seed }) {
  const random = randomOf(seed)
  const repository = await openRepository(location)
  for (let count = Math.floor(random() * SNAPSHOTS_OF_A_REF); ; count++) {
    if (count >= SNAPSHOTS_OF_A_REF && (await repository.blocks.getRef(name)) !== undefined) {
      say({ type: 'removing', ref: name })
      await repository.deleteRef(name)
      say({ type: 'removed', ref: name })
      count = 0
    }
    changeFolder(folder, random)
    const content = fingerprint(folder)
    const { root, snapshot } = await repository.snapshot(folder, { ref: name, compression: random() < 0.1 ? 'none' : 'auto', author: name })
    say({ type: 'snapshot', ref: name, root, snapshot, content })
    if (random() < 0.1) {
      const tag = `${name}@t${count % 3}`
      say({ type: 'removing', ref: tag })
      await repository.setRef(tag, name, { expected: 'any' })
      say({ type: 'snapshot', ref: tag, root, snapshot, content })
    }
  }
}

async function collect({ location }) {
  for (;;) {
    const repository = await openRepository(location)
    const { removed, packs, revoked } = await repository.collectGarbage({ graceMs: GRACE_MS })
    say({ type: 'gc', removedBytes: removed.bytes, rewritten: packs.rewritten, revoked: revoked.length })
    await repository.close()
  }
}

/** Checks out what any ref leads to while others write and collect. A state that was left longer ago than the grace may be gone. */
async function read({ location, seed, work }) {
  const random = randomOf(seed)
  for (;;) {
    const repository = await openRepository(location)
    const openedAt = performance.now()
    const scratch = mkdtempSync(join(work, 'read-'))
    try {
      const refs = []
      for await (const { name, root } of repository.refs()) refs.push({ name, root })
      const chosen = refs[Math.floor(random() * refs.length)]
      if (chosen === undefined) continue
      await repository.checkout(chosen.root, join(scratch, 'out'))
      say({ type: 'read', root: chosen.root, content: fingerprint(join(scratch, 'out')) })
    } catch (error) {
      if (performance.now() - openedAt < GRACE_MS) throw error
      say({ type: 'late' })
    } finally {
      await repository.close()
      rmSync(scratch, { recursive: true, force: true })
    }
  }
}

// If the parent goes, nobody else would end this.
process.stdin.on('end', () => process.exit()).resume()
const order = JSON.parse(process.argv[2] ?? '{}')
const roles = { write, collect, read }
await roles[order.role](order).catch((error) => {
  // A writer that a collection gave up is told so, and begins again.
  say(error?.code === 'SESSION_REVOKED' ? { type: 'revoked' } : { type: 'failed', role: order.role, code: error?.code, message: error?.stack, cause: String(error?.cause?.stack ?? '') })
  process.exitCode = 1
})
