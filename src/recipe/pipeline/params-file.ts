import { PipelineError } from '../../errors.ts'
import type { MaybePromise } from '../../types.ts'
import type { Pipeline, SourceMap } from './interface.ts'
import { jsonOf, kindOf } from './json-of.ts'
import { Problems } from './problems.ts'
import { readYaml } from './read-yaml.ts'

/** Parameters from one source, each with its place. */
export type ParamLayer = SourceMap

/**
 * Reads a file of parameters: YAML, or JSON if its name ends so. Both hold a map; an empty YAML file holds none.
 * @throws PipelineError with all that is wrong with it
 */
export function parseParams(text: string, { file }: { readonly file: string }): ParamLayer {
  const problems = new Problems()
  const value = readYaml(text, file, problems)
  const top = { place: { file, line: 1, column: 1 }, path: '' }
  if (problems.count === 0 && file.toLowerCase().endsWith('.json')) checkJson(text, top, problems)
  if (value !== undefined && value.kind !== 'map') problems.add(value, `A file of parameters is a map, not ${kindOf(jsonOf(value))}`)
  problems.throwIfAny()
  return value?.kind === 'map' ? value : { kind: 'map', entries: new Map(), ...top }
}

/**
 * All parameters that a pipeline names, in order.
 * @param read gives the text of a file, by its path relative to the pipeline file, or undefined if there is no such file
 * @throws PipelineError with all that is wrong with all of them; what `read` throws goes through
 */
export async function readParamLayers(pipeline: Pick<Pipeline, 'params'>, read: (path: string) => MaybePromise<string | undefined>): Promise<readonly ParamLayer[]> {
  const layers: ParamLayer[] = []
  const found: PipelineError[] = []
  for (const source of pipeline.params) {
    if (source.kind === 'inline') {
      layers.push(source.values)
      continue
    }
    const text = await read(source.path)
    try {
      if (text === undefined) throw new PipelineError([{ ...source.place, message: `There is no file "${source.path}"`, path: 'params' }])
      layers.push(parseParams(text, { file: source.path }))
    } catch (error) {
      if (!(error instanceof PipelineError)) throw error
      found.push(error)
    }
  }
  if (found.length > 0) throw new PipelineError(found.flatMap(({ problems }) => problems))
  return layers
}

/** What is right as YAML may still be no JSON: comments, names without quotes. */
function checkJson(text: string, top: Pick<SourceMap, 'place' | 'path'>, problems: Problems): void {
  try {
    JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? 0)
    const before = text.slice(0, at)
    const place = { ...top.place, line: before.split('\n').length, column: at - before.lastIndexOf('\n') }
    problems.add({ ...top, place }, `This is not JSON: ${error.message}`)
  }
}
