import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type CID, cidText } from '../../src/cid/cid.ts'
import type { Repository } from '../../src/dataset/repository.ts'
import { affectedBy, usedRoots } from '../../src/lineage/affected.ts'
import { actTable } from '../../src/lineage/act-table.ts'
import type { Lineage } from '../../src/lineage/interface.ts'
import { lineageOf } from '../../src/lineage/lineage-of.ts'
import { create } from '../dataset/in-memory.ts'
import { derived, type MadeRun, model, run, store } from './made-up-lineage.ts'

const ROOTS = 7
const root = fc.integer({ min: 0, max: ROOTS - 1 })
const roots = fc.uniqueArray(root, { maxLength: 2 })
const act = fc.oneof(
  fc.record({ kind: fc.constant('derivation' as const), ins: roots, outs: roots, code: root }),
  fc.record({ kind: fc.constant('run' as const), ins: roots, outs: roots, code: fc.option(root), metrics: fc.option(root), log: fc.option(root), again: fc.option(fc.nat(9)), isRunning: fc.boolean() }),
  fc.record({ kind: fc.constant('model' as const), weights: root, by: fc.nat(9), on: fc.option(root) }),
)
type MadeAct = typeof act extends fc.Arbitrary<infer T> ? T : never

interface Made {
  readonly repository: Repository
  /** From and to, as ids, without roles. */
  readonly edges: readonly (readonly [string, string])[]
  /** Those of them that lead from weights to a model: it has nothing to do with others that made the same bytes. */
  readonly weights: ReadonlySet<readonly [string, string]>
  /** Metrics and log of the run that a model was made by, which come with it. */
  readonly records: ReadonlyMap<string, readonly string[]>
  readonly ids: readonly string[]
  readonly roots: readonly CID[]
}

/** A repository with these, and what its graph must be, found without any of the code that is tested. */
async function make(acts: readonly MadeAct[]): Promise<Made> {
  const repository = await create()
  const all: CID[] = []
  for (let at = 0; at < ROOTS; at++) all.push(await store(repository, { file: `content ${at}` }))
  const rootAt = (at: number): CID => all[at] as CID
  const named = (which: readonly number[], prefix: string): Record<string, CID> => Object.fromEntries(which.map((at) => [`${prefix}${at}`, rootAt(at)]))
  const edges: [string, string][] = []
  const weights = new Set<[string, string]>()
  const ids = new Set(all.map(cidText) as string[])
  const records = new Map<string, readonly string[]>()
  const runs: MadeRun[] = []
  const link = (id: string, ins: readonly CID[], outs: readonly CID[]): void => {
    ids.add(id)
    for (const one of ins) edges.push([cidText(one), id])
    for (const one of outs) edges.push([id, cidText(one)])
  }
  for (const [at, made] of acts.entries()) {
    if (made.kind === 'derivation') {
      const id = await derived(repository, { name: `step-${at}`, inputs: named(made.ins, 'i'), outputs: named(made.outs, 'o'), code: rootAt(made.code) })
      link(cidText(id), [...made.ins, made.code].map(rootAt), made.outs.map(rootAt))
    } else if (made.kind === 'run') {
      const original = made.again === null ? undefined : runs[made.again % Math.max(1, runs.length)]
      const optional = (which: number | null): CID | null => (which === null ? null : rootAt(which))
      const one = await run(repository, {
        inputs: named(made.ins, 'i'), artifacts: named(made.outs, 'o'), code: optional(made.code), metrics: optional(made.metrics), log: optional(made.log), reproduces: original?.start ?? null, status: made.isRunning ? 'running' : 'failed',
      })
      const outs = made.isRunning ? [] : [...made.outs, made.metrics, made.log].flatMap((which) => which ?? [])
      link(cidText(one.start), [...made.ins, made.code].flatMap((which) => (which === null ? [] : rootAt(which))), outs.map(rootAt))
      if (original !== undefined) edges.push([cidText(original.start), cidText(one.start)])
      records.set(one.label, made.isRunning ? [] : [made.metrics, made.log].flatMap((which) => (which === null ? [] : cidText(rootAt(which)))))
      runs.push(one)
    } else if (runs.length > 0) {
      const by = runs[made.by % runs.length] as MadeRun
      const { cid } = await model(repository, 'digits', rootAt(made.weights), by, made.on === null ? undefined : rootAt(made.on))
      ids.add(cidText(cid))
      records.set(cidText(cid), records.get(by.label) ?? [])
      edges.push([cidText(by.start), cidText(cid)])
      const leaf: [string, string] = [cidText(rootAt(made.weights)), cidText(cid)]
      edges.push(leaf)
      weights.add(leaf)
      if (made.on !== null) {
        const evaluation = `${cidText(cid)}#evaluation`
        ids.add(evaluation)
        edges.push([cidText(cid), evaluation], [cidText(rootAt(made.on)), evaluation])
      }
    }
  }
  return { repository, edges, weights, records, ids: [...ids], roots: all }
}

/** All that the starts were made of, by brute force; of the weights of a model no more than that they are. */
function closureAbove({ edges, weights }: Pick<Made, 'edges' | 'weights'>, starts: readonly string[]): ReadonlySet<string> {
  const reached = closure(edges.filter((edge) => !weights.has(edge)), starts, ([from, to]) => [to, from])
  return new Set([...reached, ...[...weights].flatMap(([from, to]) => (reached.has(to) ? from : []))])
}

/** All that was made of the starts; a model, of its weights, only where it was asked for them. */
function closureBelow({ edges, weights }: Pick<Made, 'edges' | 'weights'>, starts: readonly string[]): ReadonlySet<string> {
  return closure(edges.filter((edge) => !weights.has(edge)), [...starts, ...[...weights].flatMap(([from, to]) => (starts.includes(from) ? to : []))], (edge) => edge)
}

/** All that lies behind the starts, by brute force. */
function closure(edges: Made['edges'], starts: readonly string[], turn: (edge: readonly [string, string]) => readonly [string, string]): ReadonlySet<string> {
  const reached = new Set(starts)
  for (let before = -1; before < reached.size; ) {
    before = reached.size
    for (const edge of edges) {
      const [from, to] = turn(edge)
      if (reached.has(from)) reached.add(to)
    }
  }
  return reached
}

const idsOf = ({ nodes }: Lineage): readonly string[] => nodes.map(({ id }) => id).sort()

it('up and down are inverse to each other, and are all that the records say', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 9 }), async (acts) => {
    const made = await make(acts)
    const { repository, edges, ids } = made
    const above = new Map<string, ReadonlySet<string>>()
    const below = new Map<string, ReadonlySet<string>>()
    for (const id of ids.filter((one) => !one.includes('#'))) {
      const up = await lineageOf(repository, id, { direction: 'up' })
      const down = await lineageOf(repository, id, { direction: 'down' })
      expect(new Set(idsOf(up))).toEqual(new Set([...closureAbove(made, up.start), ...(made.records.get(id) ?? [])]))
      expect(idsOf(down)).toEqual([...closureBelow(made, down.start)].sort())
      for (const found of [up, down]) {
        const inside = new Set(idsOf(found))
        const expected = new Set(edges.filter(([from, to]) => inside.has(from) && inside.has(to)).map((edge) => edge.join(' ')))
        expect(new Set(found.edges.map(({ from, to }) => `${from} ${to}`))).toEqual(expected)
        expect(found.leftOut).toBe(0)
      }
      // A model comes with its evaluation, which has more above it than the model.
      above.set(id, closureAbove(made, [id]))
      below.set(id, new Set(idsOf(down)))
      if (up.start.length === 1) expect(new Set(idsOf(up))).toEqual(new Set([...(above.get(id) ?? []), ...(made.records.get(id) ?? [])]))
    }
    for (const a of above.keys()) for (const b of above.keys()) expect([a, b, above.get(a)?.has(b)]).toEqual([a, b, below.get(b)?.has(a)])
  }), { numRuns: 12 })
})

it('with fewer nodes or steps it is a part of the whole, the nearest first, and says when something is left out', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 3, maxLength: 9 }), root, fc.integer({ min: 1, max: 6 }), fc.nat(3), async (acts, at, mostNodes, depth) => {
    const { repository, roots: all } = await make(acts)
    const wanted = cidText(all[at] as CID)
    for (const direction of ['up', 'down', 'both'] as const) {
      const whole = await lineageOf(repository, wanted, { direction })
      const few = await lineageOf(repository, wanted, { direction, mostNodes })
      expect(few.nodes).toHaveLength(Math.min(mostNodes, whole.nodes.length))
      const near = await lineageOf(repository, wanted, { direction, depth })
      for (const part of [few, near]) {
        expect(idsOf(whole)).toEqual(expect.arrayContaining([...idsOf(part)]))
        if (part.nodes.length < whole.nodes.length) expect(part.leftOut).toBeGreaterThan(0)
        // With both, one walk may end before what the other shows, and not know that nothing lies behind.
        else if (direction !== 'both') expect(part.leftOut).toBe(0)
      }
    }
  }), { numRuns: 12 })
})

it('impact reaches the runs, derivations and models that are below', async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 9 }), root, async (acts, at) => {
    const { repository, edges, weights, roots: all } = await make(acts)
    const { blocks } = repository
    const table = await actTable(blocks)
    const start = all[at] as CID
    const affected = await affectedBy(blocks, table, await usedRoots(blocks, table), [start])
    const affectedRuns = new Set<string>([...affected.runs.values()].map((use) => cidText(use.start)))
    // A reproduction uses the data of its original, or it does not: that it reproduces it is no use of data.
    const reproductions = new Set(edges.filter(([from, to]) => affectedRuns.has(from) && affectedRuns.has(to)).map((edge) => edge.join(' ')))
    const runIds = new Set((await lineageOf(repository, cidText(start), { direction: 'down' })).nodes.filter(({ kind }) => kind === 'run').map(({ id }) => id))
    const data = edges.filter(([from, to]) => !(runIds.has(from) && runIds.has(to)) && !reproductions.has(`${from} ${to}`))
    const below = closureBelow({ edges: data, weights }, [cidText(start)])
    const found = new Set<string>([...[...affected.acts].map(({ cid, kind }) => (kind === 'evaluation' ? `${cidText(cid)}#evaluation` : cidText(cid))), ...[...affected.runs.values()].map((use) => cidText(use.start))])
    const expected = new Set([...below].filter((id) => !all.some((one) => cidText(one) === id)))
    // The evaluation of a model that is affected is not on what is affected.
    for (const id of expected) if (id.includes('#') && !found.has(id)) expect(edges.some(([from, to]) => to === id && below.has(from) && from !== id.slice(0, id.indexOf('#')))).toBe(false)
    expect(new Set([...found].filter((id) => !id.includes('#')))).toEqual(new Set([...expected].filter((id) => !id.includes('#'))))
  }), { numRuns: 12 })
})
