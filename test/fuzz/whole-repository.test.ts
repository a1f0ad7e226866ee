import { expect, test } from 'vitest'
import { equalBytes } from '../../src/bytes.ts'
import { VarveError } from '../../src/errors.ts'
import { openRepository } from '../../src/node/open-repository.ts'
import { fuzz } from './fuzz.ts'
import { mutate } from './mutate.ts'
import { makeSample, type Sample, storageWith } from './samples.ts'

const sample: Sample = await makeSample(false)
const keys = [...sample.objects.keys()]
const lastRecord = keys.filter((key) => key.startsWith('log/')).toSorted().at(-1)

/** Opens, verifies and reads everything. Throws TypeError if a wrong byte is handed out, or if damage that matters passes for soundness. */
async function readAll(objects: ReadonlyMap<string, Uint8Array>, changed: string): Promise<'sound' | 'damaged'> {
  const repository = await openRepository(await storageWith(objects))
  try {
    let failed = 0
    for (const { revision, path, bytes } of sample.contents) {
      try {
        if (!equalBytes(await repository.read(revision, path), bytes)) throw new TypeError(`${revision}:${path} has wrong bytes`)
      } catch (error) {
        if (!(error instanceof VarveError)) throw error
        failed++
      }
    }
    const { ok } = await repository.verify()
    if (ok && failed > 0) throw new TypeError(`verify finds nothing, though ${failed} files cannot be read`)
    if (ok && !unnoticed(objects, changed)) throw new TypeError('verify finds nothing')
    return ok ? 'sound' : 'damaged'
  } finally {
    await repository.close()
  }
}

/** What may change without anybody noticing: what nothing depends on. */
function unnoticed(objects: ReadonlyMap<string, Uint8Array>, changed: string): boolean {
  const [before, after] = [sample.objects.get(changed), objects.get(changed)]
  if (before !== undefined && after !== undefined && equalBytes(before, after)) return true
  // Its id, spaces, the order of its fields, and fields that no version knows.
  return changed === 'config.json'
}

test('a repository with one object that is other than it was gives right bytes or an error, and verify finds it', async () => {
  let damaged = 0
  const report = await fuzz({
    name: 'repository', samples: [new Uint8Array(1)], rounds: 120, maxBuffers: 256 * 1024 * 1024,
    async read(_, random) {
      const key = random.pick(keys)
      const bytes = mutate(random, [sample.objects.get(key) as Uint8Array, ...(random.chance(0.2) ? [sample.objects.get(random.pick(keys)) as Uint8Array] : [])], { cbor: key.startsWith('log/') })
      try {
        if ((await readAll(new Map(sample.objects).set(key, bytes), key)) === 'damaged') damaged++
      } catch (error) {
        if (error instanceof TypeError) throw new Error(`${key}: ${error.message}`, { cause: error })
        throw error
      }
    },
  })
  expect(damaged + report.refused).toBeGreaterThan(report.rounds / 3)
})

test('a repository in which objects have changed places, or are gone, gives right bytes or an error', async () => {
  await fuzz({
    name: 'swapped', samples: [new Uint8Array(1)], rounds: 60, maxBuffers: 256 * 1024 * 1024,
    async read(_, random) {
      const objects = new Map(sample.objects)
      const [a, b] = [random.pick(keys), random.pick(keys)]
      // With the newest record gone, the repository is what it was before: no storage could tell.
      if (random.chance(0.3) && a !== lastRecord) objects.delete(a)
      else objects.set(a, sample.objects.get(b) as Uint8Array)
      let wrong: string | undefined
      const repository = await openRepository(await storageWith(objects))
      for (const { revision, path, bytes } of sample.contents) {
        const read = await repository.read(revision, path).catch((error: unknown) => {
          if (!(error instanceof VarveError)) throw error
          return undefined
        })
        if (read !== undefined && !equalBytes(read, bytes)) wrong = `${a}, ${b}: ${revision}:${path} has wrong bytes`
      }
      // A record that is lost takes those after it along: the repository is then what it once was, and `verify` says so.
      if (wrong !== undefined && (objects.has(a) || !a.startsWith('log/') || (await repository.verify()).ok)) throw new TypeError(wrong)
      await repository.close()
    },
  })
})
