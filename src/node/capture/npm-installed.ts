import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A package in a lock file of npm, version 2 or 3, or in the one that npm keeps in node_modules. Nothing in it is trusted to be there. */
export interface NpmEntry {
  readonly name: string
  readonly version: string
  readonly integrity: string | null
  readonly isOptional: boolean
  readonly isDev: boolean
}

/**
 * The packages of a lock file by where they are, as `node_modules/zod`. Links to folders of the project are code and no packages. Undefined if it is no lock file that says where packages are.
 */
export function npmEntries(text: string): ReadonlyMap<string, NpmEntry> | undefined {
  let packages: unknown
  try {
    packages = (JSON.parse(text) as { readonly packages?: unknown } | null)?.packages
  } catch {
    return undefined
  }
  if (typeof packages !== 'object' || packages === null) return undefined
  const entries = new Map<string, NpmEntry>()
  for (const [at, value] of Object.entries(packages as Record<string, unknown>)) {
    if (!at.includes('node_modules/') || typeof value !== 'object' || value === null) continue
    const { name, version, integrity, optional, devOptional, peer, dev, link, inBundle } = value as Record<string, unknown>
    if (link === true) continue
    entries.set(at, {
      // An alias says the name of what it stands for.
      name: typeof name === 'string' ? name : at.slice(at.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version: typeof version === 'string' ? version : '', integrity: typeof integrity === 'string' ? integrity : null,
      isOptional: [optional, devOptional, peer, inBundle].includes(true), isDev: dev === true || devOptional === true,
    })
  }
  return entries
}

/** The version in the package.json of an installed package: node_modules may have been changed behind the back of npm. Undefined if there is none to read. */
export function installedVersion(folder: string, at: string): string | undefined {
  try {
    const version = (JSON.parse(readFileSync(join(folder, at, 'package.json'), 'utf8')) as { readonly version?: unknown } | null)?.version
    return typeof version === 'string' ? version : undefined
  } catch {
    return undefined
  }
}
