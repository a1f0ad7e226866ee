import type { NpmEntry } from './npm-installed.ts'

type Entries = ReadonlyMap<string, NpmEntry>

/**
 * In what an installation differs from the lock file, a sentence for each package, sorted. No difference are packages that a lock file allows to be absent: optional ones and, if none of them is installed, those for development.
 * @param actual version that is really in the folder of an installed package, undefined if nothing is
 */
export function packageDifferences(locked: Entries, installed: Entries, actual: (at: string) => string | undefined): readonly string[] {
  const isWithoutDev = ![...locked].some(([at, { isDev, isOptional }]) => isDev && !isOptional && installed.has(at))
  const differences: string[] = []
  for (const [at, entry] of locked) {
    const found = installed.get(at)
    if (found === undefined) {
      if (!entry.isOptional && !(entry.isDev && isWithoutDev)) differences.push(`${placed(entry.name, at)}: locked ${entry.version}, not installed`)
    } else if (found.version !== entry.version) differences.push(`${placed(entry.name, at)}: locked ${entry.version}, installed ${found.version}`)
    else if (found.integrity !== entry.integrity && found.integrity !== null && entry.integrity !== null) {
      differences.push(`${placed(entry.name, at)}: ${entry.version} is locked with ${entry.integrity}, installed with ${found.integrity}`)
    }
  }
  for (const [at, { name, version }] of installed) {
    const isLocked = locked.has(at)
    if (!isLocked) differences.push(`${placed(name, at)}: installed ${version}, not locked`)
    const there = actual(at)
    if (there === undefined) differences.push(`${placed(name, at)}: npm installed ${version}, and it is not in ${at}`)
    else if (there !== version) differences.push(`${placed(name, at)}: npm installed ${version}, and ${there} is in ${at}`)
  }
  return differences.sort()
}

/** The name, and where it is if it is not where it is expected. */
function placed(name: string, at: string): string {
  return at === `node_modules/${name}` ? name : `${name} (${at})`
}
