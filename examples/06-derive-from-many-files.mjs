/**
 * A recipe that is called for each of 10,000 files by itself, by several processes. When 10 of them change, it is called for these; what it gave for the others is remembered. The result has the root that a
 * run of everything gives.
 *
 *     node examples/06-derive-from-many-files.mjs
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { derive, openRepository } from 'varve'

const FILES = 10_000
const folder = mkdtempSync(join(tmpdir(), 'varve-example-'))
const repository = await openRepository(join(folder, '.varve'), { create: true })
const recipe = fileURLToPath(new URL('documents/words.mjs', import.meta.url))

const document = (number, edition = 1) => ({
  path: `${String(number).padStart(4, '0')}.txt`,
  content: `Document ${number} of the archive, edition ${'x'.repeat(edition)}. ${'A lake lays down a layer each year. '.repeat(number % 5)}\n`,
})
const publish = (edition, isChanged) => repository.snapshot(Array.from({ length: FILES }, (_, number) => document(number, isChanged(number) ? edition : 1)), { ref: 'documents', message: `edition ${edition}` })
const update = async (what, options) => {
  const { status, units, outputs, elapsedMs } = await derive(repository, recipe, { inputs: { documents: 'documents' }, ref: 'words', ...options })
  console.log(`${what.padEnd(20)}  ${status}, for ${units.ran} of ${units.total} files, ${elapsedMs} ms: ${outputs[0].root}`)
  return { status, units, root: outputs[0].root }
}

await publish(1, () => false)
const first = await update('10,000 files')
assert.deepEqual(first.units, { total: FILES, ran: FILES, remembered: 0 })
assert.equal((await update('asked again')).status, 'remembered')

await publish(2, (number) => number % 1000 === 7)
const second = await update('10 files changed')
assert.notEqual(second.root, first.root)
assert.deepEqual(second.units, { total: FILES, ran: 10, remembered: FILES - 10 })
const { added, removed, modified } = await repository.diff(first.root, second.root)
assert.deepEqual([added.length, removed.length, modified.length], [0, 0, 10])

await publish(1, () => false)
const third = await update('changed back')
assert.deepEqual([third.status, third.root], ['remembered', first.root])

await repository.close()
rmSync(folder, { recursive: true })
