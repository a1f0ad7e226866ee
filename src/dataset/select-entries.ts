import picomatch from 'picomatch'
import type { CID } from '../cid/cid.ts'
import type { BlockSource } from '../codec/interface.ts'
import { VarveError } from '../errors.ts'
import type { ManifestEntry, ManifestTotals } from '../manifest/interface.ts'
import { type Manifest, openManifest } from '../manifest/manifest.ts'
import { pathFromText, pathToText } from '../manifest/path.ts'

/** Entries of a manifest, to be gone over as often as needed. */
export interface Selection {
  /** Of the whole manifest. */
  readonly totals: ManifestTotals
  entries(): AsyncIterable<ManifestEntry>
}

/**
 * The entries that are asked for: those of `paths` and those below `path`, or all if neither is given. A path that is in the manifest, as a file or as a folder, stands for itself, whatever characters it has; anything else is a glob.
 */
export async function selectEntries(source: BlockSource, root: CID, { paths, path }: { paths: readonly string[]; path: string | undefined }): Promise<Selection> {
  const manifest = await openManifest(source, root)
  const wanted = paths.map(trimmed)
  if (wanted.length === 0 && path === undefined) return { totals: manifest.totals, entries: () => manifest.entries({}) }
  const literal = path === undefined ? [] : [trimmed(path)]
  const globs: string[] = []
  for (const text of wanted) (await holdsPath(manifest, text) ? literal : globs).push(text)
  const matches = globs.length === 0 ? () => false : picomatch(globs.flatMap((glob) => [glob, `${glob}/**`]), { dot: true })
  const [only] = literal
  // Of one file or folder nothing beside it is read.
  if (only !== undefined && literal.length === 1 && globs.length === 0 && (await holdsPath(manifest, only))) return { totals: manifest.totals, entries: () => manifest.entries({ prefix: pathFromText(only) }) }
  async function* entries(): AsyncGenerator<ManifestEntry> {
    for await (const entry of manifest.entries({})) {
      const text = pathToText(entry.path)
      if (literal.some((name) => text === name || text.startsWith(`${name}/`)) || matches(text)) yield entry
    }
  }
  return { totals: manifest.totals, entries }
}

function trimmed(path: string): string {
  return path.replace(/^\.\//, '').replace(/\/+$/, '')
}

async function holdsPath(manifest: Manifest, text: string): Promise<boolean> {
  try {
    return (await manifest.entries({ prefix: pathFromText(text) }).next()).done !== true
  } catch (error) {
    // Many globs are no paths.
    if (error instanceof VarveError) return false
    throw error
  }
}
