import { existsSync } from 'node:fs'
import { mkdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import type { LockedPackage } from '../../recipe/interface.ts'
import type { ModuleFolder } from '../code/interface.ts'
import { isOwn, writeOwnPackage } from './own-package.ts'
import { isAbsence } from '../system-errors.ts'

/** Links installed packages into a checkout of code, where its modules look for them. */
export async function linkModules(code: string, folders: readonly ModuleFolder[]): Promise<void> {
  for (const folder of folders) {
    const place = join(code, folder.at)
    if (isOwn(folder)) await writeOwnPackage(place)
    else {
      await mkdir(dirname(place), { recursive: true })
      await symlink(folder.target, place, 'junction')
    }
  }
}

/**
 * The packages of a recipe whose own project is not at hand: the nearest `node_modules` above a folder that has them at its top.
 * @throws InvalidArgumentError if one is not installed there, or in another version
 */
export async function installedModules(folder: string, packages: readonly LockedPackage[]): Promise<readonly ModuleFolder[]> {
  if (packages.length === 0) return []
  for (let at = folder; ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    const found = await Promise.all(packages.map(async ({ name }) => ({ name, version: await versionOf(join(modules, name, 'package.json')) })))
    const there = found.filter(({ version }) => version !== undefined)
    if (there.length > 0) {
      const wrong = there.find(({ name, version }) => !packages.some((wanted) => wanted.name === name && wanted.version === version))
      if (wrong !== undefined) {
        throw new InvalidArgumentError(`${join(modules, wrong.name)} has version ${wrong.version ?? ''}, and the recipe ran with ${recorded(packages.filter(({ name }) => name === wrong.name))}`, {
          data: { folder: modules, package: wrong.name }, hint: 'Install what the lock file of that time says (npm ci), and run this in that folder.',
        })
      }
      return there.map(({ name }) => ({ at: `node_modules/${name}`, target: join(modules, name) }))
    }
    if (dirname(at) === at) {
      throw new InvalidArgumentError(`The recipe needs packages that are not installed in ${folder} or above it: ${recorded(packages)}`, {
        data: { folder, packages }, hint: 'Go to the folder of the project and install them (npm ci), then run this again.',
      })
    }
  }
}

/** The nearest `node_modules` above a folder, for commands, whose packages are not recorded one by one. */
export function nearestModules(folder: string): readonly ModuleFolder[] {
  for (let at = folder; ; at = dirname(at)) {
    const target = join(at, 'node_modules')
    if (existsSync(target)) return [{ at: 'node_modules', target }]
    if (dirname(at) === at) return []
  }
}

function recorded(packages: readonly LockedPackage[]): string {
  return packages.map(({ name, version }) => `${name}@${version}`).join(', ')
}

async function versionOf(file: string): Promise<string | undefined> {
  try {
    return (JSON.parse(await readFile(file, 'utf8')) as { version?: string }).version
  } catch (error) {
    if (isAbsence(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}
