import { type CID, cidText } from '../cid/cid.ts'
import type { BlockSink, BlockSource } from '../codec/interface.ts'
import { compareBytes, utf8 } from '../bytes.ts'
import { InvalidArgumentError, RefConflictError } from '../errors.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { getValue, scanTree } from '../manifest/read-tree.ts'
import { linkCodec } from './link-codec.ts'
import { parseRefName, parseUserRefName, type RefName } from './ref-name.ts'

/** One move of a ref, as a compare-and-swap. */
export interface RefChange {
  readonly name: string
  /** The CID that the ref must have now; null if it must not exist; undefined to accept whatever is there. */
  readonly expected?: CID | null
  /** The CID that it gets; null removes it. */
  readonly target: CID | null
  /** True for a ref that varve keeps for itself; others may not begin with `_varve`. */
  readonly own?: boolean
}

/** A ref change that was carried out. */
export interface AppliedChange {
  readonly name: RefName
  readonly before: CID | null
  readonly after: CID | null
}

export interface Ref {
  readonly name: RefName
  readonly target: CID
}

/** What a ref points to, or undefined. Reads at most the height of the tree. */
export async function getRef(source: BlockSource, tree: CID | null, name: RefName): Promise<CID | undefined> {
  return tree === null ? undefined : getValue(source, tree, linkCodec, utf8(name))
}

/** All refs whose name begins with `prefix`, in order of their UTF-8 bytes. */
export async function* listRefs(source: BlockSource, tree: CID | null, prefix = ''): AsyncGenerator<Ref> {
  if (tree === null) return
  const decoder = new TextDecoder('utf-8', { fatal: true })
  for await (const { key, value } of scanTree(source, tree, linkCodec, { prefix: utf8(prefix) })) {
    yield { name: parseRefName(decoder.decode(key)), target: value }
  }
}

/**
 * Carries out all changes or none.
 * @throws RefConflictError if a ref is not where its change expects it
 */
export async function applyRefChanges(
  blocks: BlockSource & BlockSink, tree: CID | null, changes: readonly RefChange[],
): Promise<{ tree: CID | null; applied: readonly AppliedChange[] }> {
  const applied: AppliedChange[] = []
  for (const change of changes) {
    const name = change.own === true ? parseRefName(change.name) : parseUserRefName(change.name)
    if (applied.some((earlier) => earlier.name === name)) throw new InvalidArgumentError(`${name} is changed twice in one commit`, { data: { ref: name } })
    const before = (await getRef(blocks, tree, name)) ?? null
    if (change.expected !== undefined && !sameTarget(change.expected, before)) {
      const expected = change.expected === null ? null : cidText(change.expected)
      const actual = before === null ? null : cidText(before)
      throw new RefConflictError(expected === null ? `${name} exists already: it points to ${String(actual)}` : `${name} has moved: it points to ${actual ?? 'nothing'} and not to ${expected}`, {
        data: { ref: name, expected, actual },
      })
    }
    if (!sameTarget(before, change.target)) applied.push({ name, before, after: change.target })
  }
  if (applied.length === 0) return { tree, applied }
  const edits = applied.map(({ name, after }) => ({ key: utf8(name), value: after ?? undefined })).sort((a, b) => compareBytes(a.key, b.key))
  return { tree: await editTree(blocks, blocks, tree, linkCodec, edits), applied }
}

function sameTarget(a: CID | null, b: CID | null): boolean {
  return a === null || b === null ? a === b : a.equals(b)
}
