import { readFile } from 'node:fs/promises'
import { NotFoundError } from '../../errors.ts'
import type { ResolvedConfig } from '../../run/config/interface.ts'
import type { JsonMap } from '../../run/config/plain-values.ts'
import { type ConfigLayers, resolveConfig } from '../../run/config/resolve-config.ts'
import { assertDeclared } from '../../run/config/undeclared.ts'
import { isAbsence } from '../system-errors.ts'

export interface ConfigSources extends Omit<ConfigLayers, 'files' | 'set'> {
  /** Paths, YAML or JSON by their names; later ones override earlier ones. */
  readonly files: readonly string[]
  /** Where there are files, of keys that they, or variables, declare. */
  readonly set: JsonMap
  /** The part of it that need not be declared. */
  readonly added?: JsonMap
}

/**
 * Reads files of configuration and lays all layers over each other.
 * @throws InvalidArgumentError for a key to be set that is not declared; NotFoundError for a file that is not there; PipelineError with all that is wrong in one, by line and column; what `resolveConfig` throws
 */
export async function loadConfigFiles({ files, set, added = {}, ...layers }: ConfigSources): Promise<ResolvedConfig> {
  // Loading what reads YAML takes longer than all else.
  const { parseParams } = files.length === 0 ? { parseParams: undefined } : await import('../../recipe/pipeline/index.ts')
  const parsed = []
  for (const file of files) if (parseParams !== undefined) parsed.push(parseParams(await textOf(file), { file }))
  if (files.length > 0) assertDeclared(resolveConfig({ ...layers, files: parsed, set: added }), set)
  return resolveConfig({ ...layers, files: parsed, set })
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (!isAbsence(cause)) throw cause
    throw new NotFoundError(`There is no file of configuration ${file}`, { cause, data: { file }, hint: 'Check the path after --config.' })
  }
}
