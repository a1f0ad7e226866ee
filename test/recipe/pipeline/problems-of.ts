import { PipelineError, type PipelineProblem } from '../../../src/errors.ts'
import { parsePipeline } from '../../../src/recipe/pipeline/index.ts'

/** What a call finds wrong; fails if it finds nothing. */
export function problemsIn(call: () => unknown): readonly PipelineProblem[] {
  try {
    call()
  } catch (error) {
    if (error instanceof PipelineError) return error.problems
    throw error
  }
  throw new Error('No problem was found')
}

/** `2:3 steps.a: message` for each problem of a pipeline file. */
export function problemLines(text: string): readonly string[] {
  return problemsIn(() => parsePipeline(text, { file: 'varve.yaml' })).map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`)
}
