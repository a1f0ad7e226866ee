import type { CID } from '../../cid/cid.ts'
import type { BlockSource } from '../../codec/interface.ts'
import { diffManifests, openManifest } from '../../manifest/manifest.ts'
import { pathToText } from '../../manifest/path.ts'
import type { NamedRoot } from '../../recipe/interface.ts'
import { type ByteText, byteTextOf } from '../byte-text.ts'
import { secretRuleFor } from '../default-ignores.ts'

/** A file of an output by whose name a snapshot would leave it out, as passwords or keys. */
export interface SecretPath {
  readonly output: string
  readonly path: string
}

const MOST_LISTED = 20

/** Finds them among all entries of the outputs, or among those that are not in `before`, in the same order. The first 20. */
export async function secretPaths(source: BlockSource, outputs: readonly NamedRoot[], before: readonly CID[] = []): Promise<readonly SecretPath[]> {
  const found: SecretPath[] = []
  for (const [at, { name, root }] of outputs.entries()) {
    const earlier = before[at]
    const entries = earlier === undefined ? (await openManifest(source, root)).entries() : diffManifests(source, earlier, root)
    for await (const entry of entries) {
      const text = byteTextOf(entry.path)
      const isGone = 'after' in entry && entry.after === undefined
      if (isGone || secretRuleFor(text.slice(text.lastIndexOf('/') + 1) as ByteText) === undefined) continue
      if (found.push({ output: name, path: pathToText(entry.path) }) === MOST_LISTED) return found
    }
  }
  return found
}
