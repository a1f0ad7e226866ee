import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LockedPackage } from '../../recipe/interface.ts'
import type { ModuleFolder } from '../code/interface.ts'

/** Stands for what is written instead of linked. */
const WRITTEN = 'written'

/**
 * This package's name, for recipes that import `defineRecipe` from it: a small package of that one function is there when they run, whether or not the real one is installed in their project. It
 * is no part of their identity, and loads nothing. Repositories cannot be opened from within a recipe: what it reads is its inputs.
 */
export const OWN_PACKAGE: Readonly<Record<string, string>> = { varve: WRITTEN }

/** As a package that a recipe may load. */
export const OWN: LockedPackage = { name: 'varve', version: '0.0.0-recipe', integrity: null }

export const OWN_MODULES: readonly ModuleFolder[] = Object.entries(OWN_PACKAGE).map(([name, target]) => ({ at: `node_modules/${name}`, target }))

export function isOwn({ target }: ModuleFolder): boolean {
  return target === WRITTEN
}

export async function writeOwnPackage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: OWN.name, version: OWN.version, type: 'module', exports: './index.js' }))
  await writeFile(join(folder, 'index.js'), 'export const defineRecipe = (definition) => definition\n')
}
