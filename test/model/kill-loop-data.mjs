// The folders that the kill loop takes snapshots of, and what a folder holds in one hash that owes nothing to the library.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'

const FILES = 12
const CONTENTS = 40
const ROWS = 600

/** Numbers from 0 to 1 that follow from a seed (mulberry32). */
export function randomOf(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The same content for the same number in every process: what one writer deletes another has, and adds again. Every fifth is zeros. */
function content(number) {
  const size = 200 + ((number * 7919) % 90_000)
  if (number % 5 === 0) return Buffer.alloc(size)
  const random = randomOf(number)
  return Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(random() * 256)))
}

/** A table of which every version differs a little everywhere, so that its chunks become deltas. */
function table(random, edits) {
  const seeded = randomOf(7)
  const rows = Array.from({ length: ROWS }, (_, row) => `${row},${Math.floor(seeded() * 1e9)},${Math.floor(seeded() * 1e9)},${Math.floor(seeded() * 1e9)},row ${row}`)
  for (let edit = 0; edit < edits; edit++) rows[Math.floor(random() * ROWS)] = `${Math.floor(random() * 1e9)},changed`
  return rows.join('\n')
}

/** Changes some files: new, replaced, removed, and now and then everything. */
export function changeFolder(folder, random) {
  const pick = (count) => Math.floor(random() * count)
  if (random() < 0.05) rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (let change = 1 + pick(4); change > 0; change--) {
    const path = join(folder, `part-${pick(3)}`, `file-${pick(FILES)}`)
    mkdirSync(dirname(path), { recursive: true })
    if (random() < 0.25) rmSync(path, { force: true })
    else writeFileSync(path, content(pick(CONTENTS)))
  }
  if (random() < 0.5) writeFileSync(join(folder, 'table.csv'), table(random, pick(40)))
}

/** One hash of every path and every byte in a folder. */
export function fingerprint(folder) {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
  const hash = createHash('sha256')
  for (const file of files.sort()) hash.update(`${file.split(sep).join('/')}\0`).update(createHash('sha256').update(readFileSync(join(folder, file))).digest())
  return hash.digest('hex')
}
