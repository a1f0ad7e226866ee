import { readFile } from 'node:fs/promises'
import { NotFoundError } from '../../errors.ts'
import type { ResolvedConfig } from '../../run/config/interface.ts'
import { type ConfigLayers, resolveConfig } from '../../run/config/resolve-config.ts'
import { isAbsence } from '../system-errors.ts'

/**
 * Reads files of configuration and lays all layers over each other.
 * @param layers.files paths, YAML or JSON by their names; later ones override earlier ones
 * @throws NotFoundError for a file that is not there; PipelineError with all that is wrong in one, by line and column; what `resolveConfig` throws
 */
export async function loadConfigFiles({ files, ...layers }: Omit<ConfigLayers, 'files'> & { readonly files: readonly string[] }): Promise<ResolvedConfig> {
  // Loading what reads YAML takes longer than all else.
  const { parseParams } = files.length === 0 ? { parseParams: undefined } : await import('../../recipe/pipeline/index.ts')
  const parsed = []
  for (const file of files) if (parseParams !== undefined) parsed.push(parseParams(await textOf(file), { file }))
  return resolveConfig({ ...layers, files: parsed })
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (!isAbsence(cause)) throw cause
    throw new NotFoundError(`There is no file of configuration ${file}`, { cause, data: { file }, hint: 'Check the path after --config.' })
  }
}
