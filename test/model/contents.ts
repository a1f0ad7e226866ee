import { randomBytes } from '../repository/random-bytes.ts'
import type { FileSpec } from './plan.ts'

/** Large enough to be stored as a delta, of bytes that compression does not shrink. */
const SIZE_BYTES = 17_000
const known = new Map<string, Uint8Array>()

/** Base 0 is zeros: every version of it is one of few blocks that everybody has. Otherwise each version is the one before with some bytes changed. */
export function contentOf({ base, version }: FileSpec): Uint8Array {
  const name = `${base}.${version}`
  const made = known.get(name)
  if (made !== undefined) return made
  const bytes = base === 0 ? new Uint8Array(version * 100) : version === 0 ? randomBytes(SIZE_BYTES, base) : new Uint8Array(contentOf({ path: 0, base, version: version - 1 }))
  if (base > 0 && version > 0) bytes.set(randomBytes(400, base * 100 + version), version * 3000)
  known.set(name, bytes)
  return bytes
}

/** A snapshot's message says what must be in it, so that each can be checked wherever it turns up, whoever knows of it. */
export function describeFiles(files: readonly FileSpec[], nonce: number): string {
  return JSON.stringify({ nonce, files })
}

export function filesOf(message: string): readonly FileSpec[] {
  return (JSON.parse(message) as { files: readonly FileSpec[] }).files
}

/** One file a path: the last. */
export function distinct(files: readonly FileSpec[]): readonly FileSpec[] {
  return [...new Map(files.map((file) => [file.path, file])).values()]
}
