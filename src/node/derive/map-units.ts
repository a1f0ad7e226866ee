import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { FolderPort } from '../../dataset/interface.ts'
import { type ChangedUnits, changedUnits } from '../../recipe/map/changed-units.ts'
import { MappedOutputs } from '../../recipe/map/mapped-outputs.ts'
import type { MapRule } from '../../recipe/map/map-rule.ts'
import type { Derivation, MappedUnits, NamedRoot, Recipe } from '../../recipe/interface.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
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
  readonly derivation: Derivation
  readonly recipe: Recipe
  readonly rule: MapRule
}

/** The units of one run of a map recipe: those that changed since its basis, and what all of them give together. */
export class MapUnits {
  readonly units: Units
  readonly #changed: ChangedUnits
  readonly #result: MappedOutputs
  readonly #outputs: UnitOutputs
  readonly #recipe: Recipe
  readonly #basis: CidText | null

  private constructor({ recipe }: MapUnitsPlace, parts: { readonly units: Units; readonly changed: ChangedUnits; readonly result: MappedOutputs; readonly outputs: UnitOutputs; readonly basis: CidText | null }) {
    this.#recipe = recipe
    this.units = parts.units
    this.#changed = parts.changed
    this.#result = parts.result
    this.#outputs = parts.outputs
    this.#basis = parts.basis
  }

  /** Finds out what changed, and lets go of what no longer counts. */
  static async begin(place: MapUnitsPlace, { port, scratch, processes = availableParallelism(), basis, ...options }: MapUnitsOptions): Promise<MapUnits> {
    const { repository, session, derivation, recipe, rule } = place
    const input = derivation.inputs[0]?.root
    if (input === undefined) throw new Error('A map recipe has an input')
    const changed = await changedUnits(repository, basis?.input ?? null, input, rule)
    const result = await MappedOutputs.begin(session, recipe.outputs, basis ?? null, repository.config.chunker)
    for await (const unit of changed.outdated()) await result.drop(unit)
    const outputs = new UnitOutputs(session, port, result, { folder: join(scratch.path, 'done'), outputs: recipe.outputs, ...options })
    const units = { units: stageUnits(repository, port, join(scratch.path, 'parts'), changed.units(), options), count: changed.count, processes: Math.max(1, processes), onUnit: (unit: Parameters<Units['onUnit']>[0]) => outputs.take(unit) }
    return new MapUnits(place, { units, changed, result, outputs, basis: basis?.derivation ?? null })
  }

  /** Stores what is left to be stored. @throws RecipeFailedError if it cannot be, or not together */
  async finish(): Promise<{ readonly outputs: readonly NamedRoot[]; readonly units: MappedUnits }> {
    await this.#outputs.finish()
    const { outputs, written } = await this.#result.finish()
    const { total, count } = this.#changed
    const remembered = total - count
    return {
      outputs: this.#recipe.outputs.map((name, at) => ({ name, root: outputs[at] as NamedRoot['root'] })),
      units: { ran: count, remembered, basis: remembered === 0 ? null : this.#basis, written },
    }
  }
}
