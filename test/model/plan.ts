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

/** From here on the scheduler lets another actor go on: after so many calls of the one before, that with this number among those that wait. */
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

export const plans: fc.Arbitrary<Plan> = fc.record({
  actors: fc.noBias(fc.array(fc.array(step, { minLength: 1, maxLength: 10, size: 'max' }), { minLength: 1, maxLength: 4, size: 'max' })),
  switches: fc.noBias(fc.array(oneSwitch, { maxLength: 40, size: 'max' })),
  staleListings: fc.boolean(),
})
