import { cidText } from '../../cid/cid.ts'
import { readDerivation } from '../../recipe/derivation-object.ts'
import type { Derivation } from '../../recipe/interface.ts'
import { changedUnits } from '../../recipe/map/changed-units.ts'
import { familyRun } from '../../recipe/map/map-family.ts'
import { type MapProgress, progressOf } from '../../recipe/map/map-progress.ts'
import type { MapRule } from '../../recipe/map/map-rule.ts'
import type { BlockRepository } from '../../repository/index.ts'

/** The results of an earlier derivation that differs in the first input alone, or of units of a try that was stopped. */
export type MapBasis = MapProgress

/**
 * Results that a map recipe can begin with, if there are some and all of what they are made of is in the repository still: of the newest run and of the last try that was stopped, those that leave fewer
 * units to run.
 */
export async function findBasis(repository: BlockRepository, derivation: Derivation, rule: MapRule): Promise<MapBasis | undefined> {
  const found: MapBasis[] = []
  for (const basis of [await progressOf(repository, derivation), await finishedBasis(repository, derivation)]) {
    if (basis !== undefined && (await isThere(repository, basis))) found.push(basis)
  }
  const [first, second] = found
  const input = derivation.inputs[0]?.root
  if (first === undefined || second === undefined || input === undefined) return first
  const [ofFirst, ofSecond] = [await changedUnits(repository, first.input, input, rule), await changedUnits(repository, second.input, input, rule)]
  return ofSecond.count < ofFirst.count ? second : first
}

async function finishedBasis(repository: BlockRepository, derivation: Derivation): Promise<MapBasis | undefined> {
  const run = await familyRun(repository, derivation)
  if (run === undefined || run.units === null) return undefined
  const input = (await readDerivation(repository, run.derivation)).inputs[0]?.root
  return input === undefined ? undefined : { derivation: cidText(run.derivation), input, outputs: run.outputs.map(({ root }) => root), written: run.units.written }
}

async function isThere(repository: BlockRepository, { input, outputs }: MapBasis): Promise<boolean> {
  for (const root of [input, ...outputs]) if (!(await repository.has(root)) || (await repository.isEvicted(root))) return false
  return true
}
