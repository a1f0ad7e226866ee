import { checkLinks } from './check-links.ts'
import type { ParamsSource, Pipeline, SourceMap, SourceValue } from './interface.ts'
import { jsonOf, kindOf } from './json-of.ts'
import { localPathProblem } from './local-path.ts'
import { parseStep } from './parse-step.ts'
import { Problems } from './problems.ts'
import { FieldReader, NAME, nameRule } from './read-fields.ts'
import { readYaml } from './read-yaml.ts'

/** The keys at the top of the file. */
export const PIPELINE_KEYS: readonly string[] = ['params', 'steps']

export interface ParsePipelineOptions {
  /** Its name, for messages. */
  readonly file: string
}

/**
 * Reads a pipeline file, whose format stands at `Pipeline`. Reads no other file and resolves no reference; that is done by `planPipeline`.
 * 1,000 steps take half a second.
 * @throws PipelineError with every problem that is found: what is no YAML, unknown and missing keys, wrong types, inputs from steps and outputs that are not there, cycles
 * @example
 * const pipeline = parsePipeline(await readFile('varve.yaml', 'utf8'), { file: 'varve.yaml' })
 * const params = resolveParams(await readParamLayers(pipeline, (path) => readFile(path, 'utf8')), ['train.rate=0.1'])
 * for (const step of planPipeline(pipeline, { params }).steps) console.log(step.name, step.params)
 */
export function parsePipeline(text: string, { file }: ParsePipelineOptions): Pipeline {
  const problems = new Problems()
  const source = readYaml(text, file, problems)
  problems.throwIfAny()
  const pipeline = read(source ?? { kind: 'map', entries: new Map(), path: '', place: { file, line: 1, column: 1 } }, file, problems)
  problems.throwIfAny()
  return pipeline
}

function read(source: SourceValue, file: string, problems: Problems): Pipeline {
  if (source.kind !== 'map') {
    problems.add(source, `A pipeline file is a map with ${PIPELINE_KEYS.join(' and ')}, not ${kindOf(jsonOf(source))}`)
    return { file, params: [], steps: [] }
  }
  const fields = new FieldReader(source, PIPELINE_KEYS, 'A pipeline file', problems)
  if (!fields.has('steps')) fields.problem('steps', 'A pipeline file needs "steps"')
  const entries = [...(fields.mapOf('steps')?.entries.values() ?? [])]
  for (const { key, place, value } of entries) if (!NAME.test(key)) problems.add({ place, path: value.path }, nameRule(key))
  const steps = entries.map((entry) => parseStep(entry, problems))
  checkLinks(steps, problems)
  return { file, params: readParams(fields.get('params'), problems), steps }
}

/** One file or map, or a list of them. */
function readParams(value: SourceValue | undefined, problems: Problems): readonly ParamsSource[] {
  if (value === undefined) return []
  return (value.kind === 'list' ? value.items : [value]).flatMap((item): ParamsSource[] => {
    if (item.kind === 'map') return [{ kind: 'inline', values: item satisfies SourceMap }]
    if (item.kind !== 'scalar' || typeof item.value !== 'string') {
      problems.add(item, `"params" are files and maps, not ${kindOf(jsonOf(item))}`)
      return []
    }
    const problem = localPathProblem(item.value) ?? (/\.(ya?ml|json)$/i.test(item.value) ? undefined : 'its name must end in .yaml, .yml or .json')
    if (problem === undefined) return [{ kind: 'file', path: item.value, place: item.place }]
    problems.add(item, `"${item.value}" cannot be a file of parameters: ${problem}`)
    return []
  })
}
