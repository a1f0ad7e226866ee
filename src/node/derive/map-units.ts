import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type CID, cidText } from '../../cid/cid.ts'
import type { FolderPort } from '../../dataset/interface.ts'
import { type ChangedUnits, changedUnits } from '../../recipe/map/changed-units.ts'
import { MappedOutputs } from '../../recipe/map/mapped-outputs.ts'
import type { MapRule } from '../../recipe/map/map-rule.ts'
import type { Derivation, MappedUnits, NamedRoot, Recipe } from '../../recipe/interface.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import { DoneUnits } from '../../recipe/map/done-units.ts'
import type { MapProgress } from '../../recipe/map/map-progress.ts'
import type { CidText, OperationOptions } from '../../types.ts'
import type { Units } from '../execution/interface.ts'
import type { Scratch } from '../execution/scratch.ts'
import type { MapBasis } from './map-basis.ts'
import { stageUnits } from './stage-units.ts'
import { UnitOutputs } from './unit-outputs.ts'

export interface MapUnitsOptions extends Pick<OperationOptions, 'signal'> {
  readonly port: FolderPort
  readonly scratch: Scratch
  readonly processes?: number | undefined
  /** Without one, all units run. */
  readonly basis?: MapBasis | undefined
}

export interface MapUnitsPlace {
  readonly repository: BlockRepository
  readonly session: Session
  readonly cid: CID
  readonly derivation: Derivation
  readonly recipe: Recipe
  readonly rule: MapRule
}

/** The units of one run of a map recipe: those that changed since its basis, and what all of them give together. */
export class MapUnits {
  readonly units: Units
  readonly #place: MapUnitsPlace
  readonly #changed: ChangedUnits
  readonly #done: DoneUnits
  readonly #result: MappedOutputs
  readonly #outputs: UnitOutputs
  readonly #basis: CidText | null

  private constructor(place: MapUnitsPlace, parts: { readonly units: Units; readonly changed: ChangedUnits; readonly done: DoneUnits; readonly result: MappedOutputs; readonly outputs: UnitOutputs; readonly basis: CidText | null }) {
    this.#place = place
    this.units = parts.units
    this.#changed = parts.changed
    this.#done = parts.done
    this.#result = parts.result
    this.#outputs = parts.outputs
    this.#basis = parts.basis
  }

  /** Finds out what changed, and lets go of what no longer counts. */
  static async begin(place: MapUnitsPlace, { port, scratch, processes = availableParallelism(), basis, ...options }: MapUnitsOptions): Promise<MapUnits> {
    const { repository, session, derivation, recipe, rule } = place
    const input = firstInput(derivation)
    const changed = await changedUnits(repository, basis?.input ?? null, input, rule)
    const result = await MappedOutputs.begin(session, recipe.outputs, basis ?? null, repository.config.chunker)
    for await (const unit of changed.outdated()) await result.drop(unit)
    const done = new DoneUnits(changed)
    const outputs = new UnitOutputs(session, port, result, { folder: join(scratch.path, 'done'), outputs: recipe.outputs, onStored: (unit) => done.add(unit), ...options })
    const units = { units: stageUnits(repository, port, join(scratch.path, 'parts'), done.units(), options), count: changed.count, processes: Math.max(1, processes), onUnit: (unit: Parameters<Units['onUnit']>[0]) => outputs.take(unit) }
    return new MapUnits(place, { units, changed, done, result, outputs, basis: basis?.derivation ?? null })
  }

  /** How many of the units to run are done, and what they and all that was taken over make: for a run that did not come to its end. Undefined if none is done. Nothing may be finished after that. */
  async keep(): Promise<{ readonly done: number; readonly progress: MapProgress } | undefined> {
    await this.#outputs.keep()
    if (this.#done.count === 0) return undefined
    const { session, derivation, cid } = this.#place
    const input = await this.#done.inputDone(session, session, firstInput(derivation))
    return { done: this.#done.count, progress: { derivation: cidText(cid), input, ...(await this.#result.finish()) } }
  }

  /** Stores what is left to be stored. @throws RecipeFailedError if it cannot be, or not together */
  async finish(): Promise<{ readonly outputs: readonly NamedRoot[]; readonly units: MappedUnits }> {
    await this.#outputs.finish()
    const { outputs, written } = await this.#result.finish()
    const { total, count } = this.#changed
    const remembered = total - count
    return {
      outputs: this.#place.recipe.outputs.map((name, at) => ({ name, root: outputs[at] as NamedRoot['root'] })),
      units: { ran: count, remembered, basis: remembered === 0 ? null : this.#basis, written },
    }
  }
}

function firstInput({ inputs }: Derivation): CID {
  const input = inputs[0]?.root
  if (input === undefined) throw new Error('A map recipe has an input')
  return input
}
