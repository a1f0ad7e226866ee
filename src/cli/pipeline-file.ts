import { homedir } from 'node:os'
import { dirname } from 'node:path'
import type { Context } from './context.ts'

/** The pipeline file that is meant: the one given, or the nearest upward, but none beyond the folder of the repository in use or the user's home. */
export async function pipelineFile(context: Context, given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const { nearestPipelineFile, PIPELINE_FILE } = await import('../node/derive/read-pipeline.ts')
  const { path, found } = context.locate()
  return nearestPipelineFile(process.cwd(), [homedir(), ...(found ? [dirname(path)] : [])]) ?? PIPELINE_FILE
}
