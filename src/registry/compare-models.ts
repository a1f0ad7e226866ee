import type { Repository } from '../dataset/repository.ts'
import { readRunStart } from '../run/run-object.ts'
import type { RunStart } from '../run/interface.ts'
import type { JsonValue } from '../types.ts'
import { findVersion } from './find-model.ts'
import type { ModelInfo } from './interface.ts'
import { modelInfo } from './model-info.ts'

/** Something that is not the same in two versions; null where one has nothing of the kind. */
export interface ModelDifference {
  /** `weights`, `run`, `code`, `commit`, `seed`, `input train`, `config rate`. */
  readonly what: string
  readonly first: JsonValue
  readonly second: JsonValue
}

export interface ModelComparison {
  readonly first: ModelInfo
  readonly second: ModelInfo
  readonly differences: readonly ModelDifference[]
  /** What they scored, by the names of the metrics. */
  readonly metrics: readonly { readonly name: string; readonly first: JsonValue; readonly second: JsonValue }[]
  /** Whether both were evaluated on the same data: only then do their metrics say which is better. */
  readonly isSameEvaluationData: boolean
}

/** In what two versions differ: what they were made from, and what they scored. @throws NotFoundError */
export async function compareModels({ blocks }: Repository, a: string, b: string): Promise<ModelComparison> {
  const [first, second] = [await findVersion(blocks, a), await findVersion(blocks, b)]
  const infos = [await modelInfo(blocks, first), await modelInfo(blocks, second)] as const
  const [before, after] = [factsOf(infos[0], await readRunStart(blocks, first.run)), factsOf(infos[1], await readRunStart(blocks, second.run))]
  const names = new Set([...before.keys(), ...after.keys()])
  const scores = infos.map(({ evaluation }) => new Map(Object.entries(evaluation?.metrics ?? {})))
  return {
    first: infos[0], second: infos[1],
    differences: [...names].flatMap((what) => {
      const [one = null, other = null] = [before.get(what), after.get(what)]
      return JSON.stringify(one) === JSON.stringify(other) ? [] : [{ what, first: one, second: other }]
    }),
    metrics: [...new Set(scores.flatMap((score) => [...score.keys()]))].sort().map((name) => ({ name, first: scores[0]?.get(name) ?? null, second: scores[1]?.get(name) ?? null })),
    isSameEvaluationData: infos[0].evaluation !== null && infos[0].evaluation.root === infos[1].evaluation?.root,
  }
}

function factsOf({ root, run, inputs, code, commit }: ModelInfo, { seed, config }: RunStart): ReadonlyMap<string, JsonValue> {
  return new Map<string, JsonValue>([
    ['weights', root], ['run', run.label], ['code', code], ['commit', commit], ['seed', seed],
    ...inputs.map((input) => [`input ${input.name}`, input.root] as const), ...config.entries.map(({ key, value }) => [`config ${key}`, value] as const),
  ])
}
