import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import type { FoundCode } from '../code/interface.ts'
import { describe, type DescribedRecipe } from '../execution/describe.ts'
import { makeScratch } from '../execution/scratch.ts'
import type { Params } from './interface.ts'
import { linkModules } from './link-modules.ts'

/** What a module says of itself. */
export interface ModuleDescription extends DescribedRecipe {
  readonly exportName: string
}

export interface DescribeModuleOptions {
  /** By default the only thing that the module exports. */
  readonly exportName: string | undefined
  readonly params: Params
  /** Where scratch folders are made, so that the next run removes what a process that was killed left. */
  readonly scratchFolder: string
  readonly signal?: AbortSignal | undefined
}

/** Loads a module from a copy of what it is made of, as it will be run, and says what it exports. @throws InvalidArgumentError as `describe` does */
export async function describeModule(code: FoundCode, { exportName, params, scratchFolder, signal }: DescribeModuleOptions): Promise<ModuleDescription> {
  const scratch = await makeScratch(scratchFolder)
  const folder = scratch.code
  const module = code.entry ?? ''
  const named = async (name: string): Promise<ModuleDescription> => ({ ...(await describe(folder, module, name, params, { scratchFolder, ...(signal === undefined ? {} : { signal }) })), exportName: name })
  try {
    await layOut(code, folder)
    if (exportName !== undefined) return await named(exportName)
    try {
      return await named('default')
    } catch (error) {
      const only = onlyExport(module, error)
      return await named(only)
    }
  } finally {
    await scratch.remove()
  }
}

/** @throws the error, unless it is that there is no default export; then InvalidArgumentError if it must be said which one is meant */
function onlyExport(module: string, error: unknown): string {
  const exports = error instanceof InvalidArgumentError ? error.data['exports'] : undefined
  if (!Array.isArray(exports)) throw error
  const [only, second] = exports as readonly string[]
  if (only !== undefined && second === undefined) return only
  throw new InvalidArgumentError(exports.length === 0 ? `${module} exports nothing` : `${module} exports ${exports.join(', ')}: it must be said which of them is meant`, {
    cause: error, data: { module, exports }, hint: only === undefined ? 'Export what defineRecipe({ … }) returns.' : `Write ${basename(module)}#${only}.`,
  })
}

async function layOut({ files, links, moduleFolders }: FoundCode, folder: string): Promise<void> {
  for (const { path, content, executable } of files) {
    const place = join(folder, path)
    await mkdir(dirname(place), { recursive: true })
    await writeFile(place, content)
    if (executable) await chmod(place, 0o755)
  }
  for (const { path, target } of links) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await symlink(target, join(folder, path))
  }
  await linkModules(folder, moduleFolders)
}
