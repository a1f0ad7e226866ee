import { expect, test } from 'vitest'
import { equalBytes, utf8 } from '../../src/bytes.ts'
import { cidText } from '../../src/cid/cid.ts'
import { MalformedDataError } from '../../src/errors.ts'
import { checkProof } from '../../src/manifest/proof.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { fuzz } from './fuzz.ts'
import type { Random } from './random.ts'
import { makeSample } from './samples.ts'

const hasher = nodePlatform.hasher('sha2-256')
const { proof, roots } = await makeSample(false)
const [root] = roots

/** A value of JSON with one thing in it changed. */
function changed(random: Random, value: unknown): unknown {
  const seldom: readonly unknown[] = [null, true, 0, -1, 1e308, '', 'x', [], {}, [[]], '\ud800', 'bafy', { toString: null, valueOf: 1 }]
  if (typeof value !== 'object' || value === null || random.chance(0.1)) return random.pick(seldom)
  if (Array.isArray(value) && value.length > 0) {
    const at = random.below(value.length + 1)
    return random.pick([() => value.toSpliced(at, 1), () => value.toSpliced(at, 0, random.pick([...value, null])), () => value.with(at % Math.max(1, value.length), changed(random, value[at % value.length]))])()
  }
  const key = random.pick([...Object.keys(value), 'extra'])
  return { ...value, [key]: changed(random, (value as Record<string, unknown>)[key]) }
}

test('a proof that was changed proves nothing, or the same', async () => {
  if (root === undefined) throw new Error('the sample has no root')
  const sound = await checkProof(hasher, JSON.parse(proof), root)
  const report = await fuzz({
    name: 'proofs', samples: [utf8(proof)], rounds: 1000,
    async read(bytes, random) {
      let value: unknown
      if (random.chance(0.6)) value = changed(random, JSON.parse(proof))
      else {
        try {
          value = JSON.parse(new TextDecoder().decode(bytes))
        } catch {
          throw new MalformedDataError('not JSON')
        }
      }
      const proven = await checkProof(hasher, value, root)
      const [a, b] = [proven.value, sound.value]
      const same = equalBytes(proven.path, sound.path) && a.kind === 'file' && b.kind === 'file' && a.size === b.size && cidText(a.cid) === cidText(b.cid)
      if (!same) throw new Error('it proves what is not so')
    },
  })
  if (report.rounds > 500) expect(report.refused).toBeGreaterThan(report.rounds / 2)
})
