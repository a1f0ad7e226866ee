import { compareBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { editManifest } from '../../manifest/manifest.ts'
import { keyFromPath } from '../../manifest/path.ts'
import type { ChangedUnits } from './changed-units.ts'
import type { UnitPart } from './unit.ts'

/** Removed from the manifest at a time. */
const MOST_REMOVED = 20_000

/** Which units of a run are done: a bit for each, and the names of those under way. */
export class DoneUnits {
  readonly #changed: ChangedUnits
  readonly #bits: Uint8Array
  readonly #underWay = new Map<string, number>()
  #count = 0

  constructor(changed: ChangedUnits) {
    this.#changed = changed
    this.#bits = new Uint8Array(Math.ceil(changed.count / 8))
  }

  get count(): number {
    return this.#count
  }

  /** All units to run. To be gone through once. */
  async *units(): AsyncGenerator<UnitPart, void, undefined> {
    let at = 0
    for await (const part of this.#changed.units()) {
      this.#underWay.set(part.name, at++)
      yield part
    }
  }

  /** What the unit of this name gave is stored. */
  add(name: string): void {
    const at = this.#underWay.get(name)
    if (at === undefined) return
    this.#underWay.delete(name)
    this.#bits[at >> 3] = (this.#bits[at >> 3] ?? 0) | (1 << (at & 7))
    this.#count++
  }

  /** Writes the manifest of `input` without the files of units that are not done. */
  async inputDone(source: BlockSource, sink: BlockSink, input: CID): Promise<CID> {
    let root = input
    let keys: { readonly key: Uint8Array; readonly path: Uint8Array }[] = []
    const remove = async (): Promise<void> => {
      const edits = keys.sort((a, b) => compareBytes(a.key, b.key)).map(({ path }) => ({ path, value: undefined }))
      root = (await editManifest(source, sink, root, edits)).root
      keys = []
    }
    let at = 0
    for await (const { entries } of this.#changed.units()) {
      if (this.#isDone(at++)) continue
      for (const { path } of entries) keys.push({ key: keyFromPath(path), path })
      if (keys.length >= MOST_REMOVED) await remove()
    }
    if (keys.length > 0) await remove()
    return root
  }

  #isDone(at: number): boolean {
    return ((this.#bits[at >> 3] ?? 0) & (1 << (at & 7))) !== 0
  }
}
