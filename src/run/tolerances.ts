import { suggestion } from '../dataset/near-names.ts'
import { InvalidArgumentError } from '../errors.ts'
import type { RunRecord } from './interface.ts'

/** How far a metric of a reproduction may be from the first: absolute. */
export type Tolerances = Readonly<Record<string, number>>

/** Those for metrics that a run has: of what is meant for many runs, as a policy is, the rest is for others. */
export function tolerancesFor({ final }: Pick<RunRecord, 'final'>, tolerances: Tolerances): Tolerances {
  return Object.fromEntries(Object.entries(tolerances).filter(([name]) => Object.hasOwn(final, name)))
}

/**
 * That all of them are for metrics that there are: one that is not would change nothing, unnoticed.
 * @param what has the metrics, for the message: `the run train#3`
 * @throws InvalidArgumentError with the name that was probably meant; for what is no number from 0 too
 */
export function assertTolerances(what: string, metrics: Iterable<string>, tolerances: Tolerances): void {
  const known = new Set(metrics)
  for (const [name, most] of Object.entries(tolerances)) {
    if (!(most >= 0)) throw new InvalidArgumentError(`${most} is no tolerance for ${name}`, { data: { metric: name, tolerance: most }, hint: 'It is a number from 0, and absolute.' })
    if (known.has(name)) continue
    throw new InvalidArgumentError(`There is no metric "${name}" of ${what}${suggestion(name, known)}`, { data: { metric: name, metrics: [...known] }, hint: known.size === 0 ? 'None was logged, so that there is nothing to be tolerated.' : 'A tolerance is for a metric that is there, by its whole name.' })
  }
}
