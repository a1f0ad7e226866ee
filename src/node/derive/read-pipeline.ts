import { existsSync, realpathSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { NotFoundError, StorageError } from '../../errors.ts'
import type { PipelinePlan } from '../../recipe/pipeline/index.ts'
import { errorCode, isAbsence } from '../system-errors.ts'

export const PIPELINE_FILE = 'varve.yaml'

export interface ReadPlanOptions {
  /** Steps that are wanted, with all they need. Default: every step. */
  readonly steps?: readonly string[]
  /** Parameters that replace what the files say, as `train.rate=0.1`. */
  readonly set?: readonly string[]
}

export interface ReadPlan {
  /** The folder that the pipeline's paths are relative to. */
  readonly folder: string
  readonly plan: PipelinePlan
}

/**
 * The pipeline file of a folder, or of the nearest one above it that has one. The last that is looked at is one of `tops`, or the top of a git work tree: what lies beyond belongs to something
 * else, and a pipeline file says which programs are run.
 */
export function nearestPipelineFile(folder: string, tops: readonly string[] = []): string | undefined {
  const last = new Set(tops.map(realPath))
  for (let at = realPath(folder); ; at = dirname(at)) {
    const path = join(at, PIPELINE_FILE)
    if (existsSync(path)) return path
    if (last.has(at) || existsSync(join(at, '.git')) || dirname(at) === at) return undefined
  }
}

function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}

/**
 * Reads a pipeline file and its parameters, and works out what is to be run in which order.
 * @throws NotFoundError if there is no such file; PipelineError with everything that is wrong in it, by line and column
 */
export async function readPlan(file: string, { steps, set = [] }: ReadPlanOptions = {}): Promise<ReadPlan> {
  const path = resolve(file)
  const folder = dirname(path)
  const text = await textOf(path)
  if (text === undefined) throw new NotFoundError(`There is no pipeline file ${path}`, { data: { path }, hint: `Go to the folder that has a ${PIPELINE_FILE}, or name one with --file.` })
  // Only now: loading what reads YAML is a third of loading this library, and most who do have no pipeline.
  const { parsePipeline, planPipeline, readParamLayers, resolveParams } = await import('../../recipe/pipeline/index.ts')
  const pipeline = parsePipeline(text, { file: basename(path) })
  const params = resolveParams(await readParamLayers(pipeline, (name) => textOf(join(folder, name))), set)
  return { folder, plan: planPipeline(pipeline, { params, ...(steps === undefined || steps.length === 0 ? {} : { steps }) }) }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isAbsence(error)) return undefined
    const reason = errorCode(error) ?? 'UNKNOWN'
    throw new StorageError(`${path} cannot be read: ${reason}`, { cause: error, data: { file: path, reason }, hint: 'Make it readable.' })
  }
}
