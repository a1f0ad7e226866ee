import { dirname, join } from 'node:path'
import { MalformedDataError, PipelineError } from '../../errors.ts'
import type { SourceMap, SourceValue } from '../../recipe/pipeline/interface.ts'
import { Problems } from '../../recipe/pipeline/problems.ts'
import { type DvcOutput, readOutput, textAt } from './dvc-file.ts'
import { MOST_DVC_FILE_BYTES, readBounded } from './read-bounded.ts'

/** What pipelines of DVC made, by a file `dvc.lock`. */
export interface DvcLock {
  /** By its path from the lock file's folder. */
  readonly outputs: readonly DvcOutput[]
  /** Paths, likewise, of outputs that the pipeline file keeps out of the cache, as metrics often are. */
  readonly uncached: readonly string[]
}

/** Of the stages of `dvc.yaml`: what is not in the lock file. */
interface Stage {
  readonly folder: string
  readonly uncached: ReadonlySet<string>
}

/** A list of a pipeline with thousands of outputs. */
const MOST_LOCK_BYTES: number = 64 * MOST_DVC_FILE_BYTES
const SCHEMA = '2.0'
/** Where a stage names outputs. */
const OUTPUT_LISTS = ['outs', 'metrics', 'plots'] as const
const HINT = 'Run `dvc repro` or `dvc commit` to have it written anew, then import it again.'

/**
 * Reads a lock file, and the `dvc.yaml` beside it for the folders that stages work in and for what is kept out of the cache; undefined if there is no lock file.
 * @throws MalformedDataError, with the line, for what is no lock file of schema 2.0, or tracks outputs by anything but MD5
 */
export async function readDvcLock(path: string): Promise<DvcLock | undefined> {
  const lock = await readBounded(path, MOST_LOCK_BYTES)
  if (lock === undefined) return undefined
  const { readYaml } = await import('../../recipe/pipeline/read-yaml.ts')
  const pipeline = join(dirname(path), 'dvc.yaml')
  const declared = await readBounded(pipeline, MOST_DVC_FILE_BYTES)
  const problems = new Problems()
  try {
    const top = readYaml(lock.toString('utf8'), path, problems)
    const described = declared === undefined ? undefined : readYaml(declared.toString('utf8'), pipeline, problems)
    problems.throwIfAny()
    const read = readStages(top, described, path, problems)
    problems.throwIfAny()
    return read
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error
    throw new MalformedDataError(error.message, { cause: error, data: { path, problems: error.problems }, hint: HINT })
  }
}

function readStages(top: SourceValue | undefined, declared: SourceValue | undefined, name: string, problems: Problems): DvcLock {
  const nothing = { place: { file: name, line: 1, column: 1 }, path: '' }
  if (top?.kind !== 'map' || textAt(top, 'schema') !== SCHEMA) {
    problems.add(top ?? nothing, `A lock file of DVC says "schema: '${SCHEMA}'"; others cannot be imported`)
    return { outputs: [], uncached: [] }
  }
  const outputs: DvcOutput[] = []
  const uncached: string[] = []
  for (const [stageName, stage] of mapAt(top, 'stages')?.entries ?? []) {
    const { folder, uncached: without } = stageOf(declared, stageName, problems)
    const outs = stage.value.kind === 'map' ? stage.value.entries.get('outs')?.value : undefined
    for (const item of outs?.kind === 'list' ? outs.items : []) {
      const path = item.kind === 'map' ? textAt(item, 'path') : undefined
      if (path !== undefined && without.has(path)) uncached.push(folder === '.' ? path : `${folder}/${path}`)
      else outputs.push(...readOutput(item, folder, problems))
    }
  }
  return { outputs, uncached }
}

/** A stage as `dvc.yaml` has it. One that was made of a list is `name@item` in the lock file. */
function stageOf(declared: SourceValue | undefined, name: string, problems: Problems): Stage {
  const stages = declared?.kind === 'map' ? mapAt(declared, 'stages') : undefined
  const outer = stages === undefined ? undefined : (mapAt(stages, name) ?? mapAt(stages, name.replace(/@.*$/s, '')))
  const stage = outer === undefined ? undefined : (mapAt(outer, 'do') ?? outer)
  if (stage === undefined) return { folder: '.', uncached: new Set() }
  const folder = textAt(stage, 'wdir') ?? '.'
  if (folder.includes('${')) problems.add(stage, `The stage "${name}" works in ${folder}: where that is, only DVC knows`)
  const uncached = new Set<string>()
  for (const list of OUTPUT_LISTS) {
    const items = stage.entries.get(list)?.value
    for (const item of items?.kind === 'list' ? items.items : []) {
      if (item.kind !== 'map') continue
      for (const [path, { value }] of item.entries) if (value.kind === 'map' && isFalse(value, 'cache')) uncached.add(path)
    }
  }
  return { folder, uncached }
}

function mapAt(map: SourceMap, key: string): SourceMap | undefined {
  const value = map.entries.get(key)?.value
  return value?.kind === 'map' ? value : undefined
}

function isFalse(map: SourceMap, key: string): boolean {
  const value = map.entries.get(key)?.value
  return value?.kind === 'scalar' && value.value === false
}
