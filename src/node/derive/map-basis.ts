import { type CID, cidText } from '../../cid/cid.ts'
import { readDerivation } from '../../recipe/derivation-object.ts'
import type { Derivation } from '../../recipe/interface.ts'
import { familyRun } from '../../recipe/map/map-family.ts'
import type { MappedResult } from '../../recipe/map/mapped-outputs.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { CidText } from '../../types.ts'

/** The results of an earlier derivation that differs in the first input alone. */
export interface MapBasis extends MappedResult {
  readonly derivation: CidText
  /** What it saw as its first input. */
  readonly input: CID
}

/** Results that a map recipe can begin with, if there are some and all of what they are made of is in the repository still. */
export async function findBasis(repository: BlockRepository, derivation: Derivation): Promise<MapBasis | undefined> {
  const run = await familyRun(repository, derivation)
  if (run === undefined || run.units === null) return undefined
  const input = (await readDerivation(repository, run.derivation)).inputs[0]?.root
  if (input === undefined) return undefined
  const outputs = run.outputs.map(({ root }) => root)
  for (const root of [input, ...outputs]) if (!(await repository.has(root)) || (await repository.isEvicted(root))) return undefined
  return { derivation: cidText(run.derivation), input, outputs, written: run.units.written }
}
