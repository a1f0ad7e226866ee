import fc from 'fast-check'

/** A file of a dataset. Of one `base`, versions resemble each other, so that one may be stored as a delta against another. */
export interface FileSpec {
  readonly path: number
  readonly base: number
  readonly version: number
}

/** What an actor does next. `alongside`: in the same process, and the actor does not wait for it before it goes on. */
export type Step =
  | { readonly type: 'snapshot'; readonly ref: RefChoice; readonly files: readonly FileSpec[]; readonly breaksOff: boolean }
  | { readonly type: 'tag'; readonly age: number; readonly tag: number }
  | { readonly type: 'delete'; readonly ref: RefChoice }
  | { readonly type: 'restore'; readonly which: number }
  | { readonly type: 'read' }
  | { readonly type: 'reopen' }
  | { readonly type: 'collect'; readonly keepLast: number | undefined; readonly alongside: boolean }
  | { readonly type: 'clock'; readonly days: number }
  | { readonly type: 'die'; readonly afterCalls: number }

/** Two refs of an actor's own, and one that all of them write to. */
export type RefChoice = 'first' | 'second' | 'common'

/** From here on the scheduler lets another actor go on: after so many calls since the last switch, the one with this number, or the next that waits. */
export interface Switch {
  readonly afterCalls: number
  readonly to: number
}

export interface Plan {
  readonly actors: readonly (readonly Step[])[]
  readonly switches: readonly Switch[]
  readonly staleListings: boolean
}

const file: fc.Arbitrary<FileSpec> = fc.record({ path: fc.nat(1), base: fc.nat(2), version: fc.nat(4) })
const snapshot: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('snapshot' as const), ref: fc.constantFrom<RefChoice>('first', 'second', 'common', 'common'), files: fc.array(file, { minLength: 1, maxLength: 3 }), breaksOff: fc.nat(9).map((n) => n === 9),
})
const collect: fc.Arbitrary<Step> = fc.record({ type: fc.constant('collect' as const), keepLast: fc.constantFrom(undefined, undefined, 1, 1, 2), alongside: fc.boolean() })

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: snapshot, weight: 9 },
  { arbitrary: fc.record({ type: fc.constant('tag' as const), age: fc.nat(1), tag: fc.nat(1) }), weight: 2 },
  { arbitrary: fc.record({ type: fc.constant('delete' as const), ref: fc.constantFrom<RefChoice>('first', 'second', 'common') }), weight: 3 },
  { arbitrary: fc.record({ type: fc.constant('restore' as const), which: fc.nat(5) }), weight: 1 },
  { arbitrary: fc.record({ type: fc.constant('read' as const) }), weight: 2 },
  { arbitrary: fc.record({ type: fc.constant('reopen' as const) }), weight: 1 },
  { arbitrary: collect, weight: 5 },
  { arbitrary: fc.record({ type: fc.constant('clock' as const), days: fc.constantFrom(-9, 9) }), weight: 1 },
  { arbitrary: fc.record({ type: fc.constant('die' as const), afterCalls: fc.nat(60) }), weight: 1 },
)

/** Few switches make a failure that can be read; short and long stretches between them reach the narrow gaps and let others overtake by whole collections. */
const oneSwitch: fc.Arbitrary<Switch> = fc.record({ afterCalls: fc.oneof(fc.nat(3), fc.nat(30), fc.nat(200)), to: fc.nat(5) })

const steps: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 10, size: 'max' })
const switches: fc.Arbitrary<readonly Switch[]> = fc.array(oneSwitch, { maxLength: 40, size: 'max' })
const anyPlan: fc.Arbitrary<Plan> = fc.record({ actors: fc.noBias(fc.array(steps, { minLength: 1, maxLength: 4, size: 'max' })), switches: fc.noBias(switches), staleListings: fc.boolean() })

const commit = (...files: readonly FileSpec[]): Step => ({ type: 'snapshot', ref: 'common', files, breaksOff: false })
const collectNow = (keepLast?: number): Step => ({ type: 'collect', keepLast, alongside: false })

/**
 * Chance seldom brings three versions of one file into one ref and a collection to the right moment. Here a chain of deltas grows, somebody goes on with
 * it, and meanwhile all of it, or its beginning, goes.
 */
const chainPlan: fc.Arbitrary<Plan> = fc.record({
  base: fc.integer({ min: 1, max: 2 }), versions: fc.integer({ min: 1, max: 3 }), late: fc.nat(40), overtaken: fc.integer({ min: 8, max: 45 }),
  goes: fc.constantFrom<readonly Step[]>([{ type: 'delete', ref: 'common' }, collectNow()], [commit(), collectNow(1)], [collectNow(1)]), more: steps, later: switches, staleListings: fc.boolean(),
}).map(({ base, versions, late, overtaken, goes, more, later, staleListings }) => ({
  actors: [
    [...Array.from({ length: versions }, (_, version) => commit({ path: 0, base, version })), ...goes, ...more],
    [commit({ path: 0, base, version: versions }), { type: 'read' }, commit({ path: 0, base, version: 0 })],
  ],
  // A snapshot takes some 30 calls, the first one half of that.
  switches: [{ afterCalls: versions * 32 - 11 + late, to: 1 }, { afterCalls: overtaken, to: 0 }, { afterCalls: 150, to: 1 }, ...later],
  staleListings,
}))

/** A delta dies in a pack that is not worth rewriting, and what it was made from goes. Then its bytes are stored again. */
const remainsPlan: fc.Arbitrary<Plan> = fc.record({ base: fc.integer({ min: 1, max: 2 }), more: steps, staleListings: fc.boolean() }).map(({ base, more, staleListings }) => ({
  actors: [[
    commit({ path: 0, base, version: 0 }), commit({ path: 0, base, version: 1 }, { path: 1, base: 3 - base, version: 0 }), commit({ path: 1, base: 3 - base, version: 0 }),
    collectNow(1), commit({ path: 0, base, version: 1 }), ...more,
  ]],
  switches: [],
  staleListings,
}))

const first = (...files: readonly FileSpec[]): Step => ({ type: 'snapshot', ref: 'first', files, breaksOff: false })
const zeros: FileSpec = { path: 0, base: 0, version: 1 }
const one: FileSpec = { path: 0, base: 1, version: 0 }
const other: FileSpec = { path: 0, base: 2, version: 0 }

/** Somebody is at work, and another comes in between after some number of calls, from the first to the last given. */
const interruptions: readonly (readonly [readonly Step[], readonly Step[], readonly [number, number]])[] = [
  // A collection is taken for dead by another, whose clock is ahead.
  [[first(one), commit(other), { type: 'delete', ref: 'common' }, collectNow(), { type: 'read' }], [{ type: 'clock', days: 9 }, collectNow(), commit(other)], [85, 135]],
  // A writer is, and goes on.
  [[first(one), first(one, { ...other, path: 1 }), { type: 'read' }, { type: 'delete', ref: 'first' }], [{ type: 'clock', days: 9 }, collectNow(), collectNow(1)], [15, 60]],
  // A snapshot is tagged, or restored, that is dropped at the same time.
  [[first(one), first(other), { type: 'tag', age: 1, tag: 0 }, { type: 'read' }], [collectNow(1), collectNow()], [50, 85]],
  [[first(one), first(other), { type: 'delete', ref: 'first' }, { type: 'restore', which: 0 }], [collectNow(), collectNow()], [75, 120]],
  // What is deleted is added again.
  [[commit(one, { ...zeros, path: 1 }), { type: 'delete', ref: 'common' }, collectNow(), commit(one)], [commit(one), first(one), { type: 'read' }], [15, 200]],
]

const interruptedPlan: fc.Arbitrary<Plan> = fc.constantFrom(...interruptions).chain(([worker, visitor, [min, max]]) => fc.record({ at: fc.integer({ min, max }), more: steps, later: switches, staleListings: fc.boolean() }).map(({ at, more, later, staleListings }) => ({
  actors: [[...worker, ...more], visitor], switches: [{ afterCalls: at, to: 1 }, { afterCalls: 200, to: 0 }, ...later], staleListings,
})))

export const plans: fc.Arbitrary<Plan> = fc.oneof(
  { arbitrary: anyPlan, weight: 8 }, { arbitrary: chainPlan, weight: 3 }, { arbitrary: remainsPlan, weight: 1 }, { arbitrary: interruptedPlan, weight: 6 },
)
