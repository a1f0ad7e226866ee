import { InvalidArgumentError } from '../../../errors.ts'
import { effectiveParams } from '../../../recipe/effective-params.ts'
import type { FromRunner, ToRunner } from '../protocol.ts'
import { loadExport } from './load-export.ts'

/** Says what a module exports as a recipe, and what its schema makes of parameters. */
export async function describeExport(request: ToRunner & { type: 'describe' }): Promise<FromRunner> {
  const { definition, description, what } = await loadExport(request)
  return { type: 'described', definition: description, params: await effectiveParams(definition.params, request.params, what) }
}

/** The message for a refusal, and for a schema that throws. */
export function asRefusal(error: unknown): FromRunner {
  if (error instanceof InvalidArgumentError) return { type: 'refused', message: error.message, hint: error.hint, data: { ...error.data } }
  const { message, stack } = error instanceof Error ? error : { message: String(error), stack: undefined }
  return { type: 'refused', message: `The schema of the recipe failed: ${message}`, hint: 'Correct the schema.', data: { stack } }
}
