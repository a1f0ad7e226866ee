import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InvalidArgumentError } from '../../../errors.ts'
import type { RecipeDefinition } from '../../../recipe/define-recipe.ts'
import { describeDefinition, type RecipeDescription } from '../../../recipe/describe-definition.ts'
import type { FunctionPlace } from '../protocol.ts'

export interface LoadedRecipe {
  readonly definition: RecipeDefinition
  readonly description: RecipeDescription
  /** How messages call it. */
  readonly what: string
}

/** Imports the module and takes its export. @throws InvalidArgumentError if the module cannot be loaded, has no such export, or one that is no recipe */
export async function loadExport({ folder, module, exportName }: FunctionPlace): Promise<LoadedRecipe> {
  let exports: Readonly<Record<string, unknown>>
  try {
    exports = (await import(pathToFileURL(join(folder, module)).href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new InvalidArgumentError(`${module} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause, hint: hintFor(cause, module), data: { stack: cause instanceof Error ? cause.stack : undefined },
    })
  }
  const what = `${module}#${exportName}`
  if (!Object.hasOwn(exports, exportName)) {
    const names = Object.keys(exports)
    throw new InvalidArgumentError(`${module} has no export "${exportName}"`, {
      data: { exports: names }, hint: names.length === 0 ? 'It exports nothing; put export before the recipe.' : `It exports ${names.join(', ')}.`,
    })
  }
  const description = describeDefinition(exports[exportName], what)
  return { definition: exports[exportName] as RecipeDefinition, description, what }
}

function hintFor(cause: unknown, module: string): string {
  const code = (cause as { code?: unknown } | null)?.code
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[mc]?ts$/.test(module)) return `Node ${process.versions.node} does not load TypeScript; Node 22.18 and later do, or compile it first.`
  if (code === 'ERR_MODULE_NOT_FOUND') return 'Only files that belong to the recipe’s code are there when it runs, and packages that it imports by name.'
  return 'Correct the module, then run the same command again.'
}
