import { compareBytes } from '../../bytes.ts'
import type { CID } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { RecipeFailedError, VarveError } from '../../errors.ts'
import { editTree } from '../../manifest/edit-tree.ts'
import type { ManifestEdit, ManifestEntry, TreeEdit } from '../../manifest/interface.ts'
import { editManifest, ManifestBuilder, openManifest } from '../../manifest/manifest.ts'
import { keyFromPath, pathToText } from '../../manifest/path.ts'
import { type WrittenPath, writtenBy, writtenCodec, writtenEdits } from './written-paths.ts'

/** What all units together gave so far. */
export interface MappedResult {
  /** Manifest roots, in the recipe's order. */
  readonly outputs: readonly CID[]
  /** Which unit wrote which paths. */
  readonly written: CID
}

/** An entry that a unit wrote, with the number of the output. */
export interface WrittenEntry extends ManifestEntry {
  readonly output: number
}

/** Held in memory, at some 300 bytes each, before they go into the trees. */
const MOST_PENDING = 20_000

/**
 * Puts the outputs of a map recipe together from what its units wrote, beginning with those of an earlier run or with nothing. It does not matter which unit comes when: the roots are those of
 * all that is left in the end.
 *
 *     for (const unit of outdated) await outputs.drop(unit)
 *     for (const unit of units) await outputs.add(unit.name, entries)
 *     const { outputs, written } = await outputs.finish()
 */
export class MappedOutputs {
  readonly #store: BlockSource & BlockSink
  readonly #names: readonly string[]
  readonly #roots: CID[]
  #written: CID | null
  #pending: Map<string, ManifestEdit>[]
  #pendingWritten: TreeEdit<WrittenPath>[] = []
  #count = 0
  #isDropping = false

  private constructor(store: BlockSource & BlockSink, names: readonly string[], { outputs, written }: { readonly outputs: readonly CID[]; readonly written: CID | null }) {
    this.#store = store
    this.#names = names
    this.#roots = [...outputs]
    this.#written = written
    this.#pending = names.map(() => new Map())
  }

  /** @param names of the outputs @param base what is there already, or null for nothing */
  static async begin(store: BlockSource & BlockSink, names: readonly string[], base: MappedResult | null, chunker: string): Promise<MappedOutputs> {
    if (base !== null) return new MappedOutputs(store, names, base)
    const { root } = await new ManifestBuilder(store, chunker).finish()
    return new MappedOutputs(store, names, { outputs: names.map(() => root), written: null })
  }

  /** Takes away all that a unit wrote in the earlier run. All of these come before the first `add`. */
  async drop(unit: string): Promise<void> {
    if (this.#written === null) return
    this.#isDropping = true
    let count = 0
    for await (const { output, path } of writtenBy(this.#store, this.#written, unit)) {
      this.#pending[output]?.set(pathToText(path), { path, value: undefined })
      count++
    }
    this.#pendingWritten.push(...writtenEdits(unit, [], count))
    await this.#counted(count)
  }

  /**
   * Adds what a unit wrote. Folders that are empty are no part of it: which of them are depends on other units.
   * @throws RecipeFailedError if another unit wrote one of the paths too, or something where a folder of it would be: which of them counted would depend on their order
   */
  async add(unit: string, entries: readonly WrittenEntry[]): Promise<void> {
    // From here on, nothing that is added may be there already.
    if (this.#isDropping) await this.#flush()
    const kept = entries.filter(({ value }) => value.kind !== 'directory')
    for (const { output, path, value } of kept) {
      const pending = this.#pending[output]
      const text = pathToText(path)
      if (pending?.get(text)?.value !== undefined) throw clash(text, this.#names[output], unit)
      pending?.set(text, { path, value })
    }
    this.#pendingWritten.push(...writtenEdits(unit, kept.map(({ output, path }) => ({ output, path }))))
    await this.#counted(kept.length)
  }

  async finish(): Promise<MappedResult> {
    await this.#flush()
    return { outputs: this.#roots, written: this.#written ?? (await editTree(this.#store, this.#store, null, writtenCodec, [])) }
  }

  async #counted(count: number): Promise<void> {
    this.#count += count
    if (this.#count >= MOST_PENDING) await this.#flush()
  }

  async #flush(): Promise<void> {
    for (const [output, pending] of this.#pending.entries()) if (pending.size > 0) this.#roots[output] = await this.#edited(output, [...pending.values()])
    if (this.#pendingWritten.length > 0) {
      const edits = this.#pendingWritten.sort((a, b) => compareBytes(a.key, b.key))
      this.#written = await editTree(this.#store, this.#store, this.#written, writtenCodec, edits)
    }
    this.#pending = this.#names.map(() => new Map())
    this.#pendingWritten = []
    this.#count = 0
    this.#isDropping = false
  }

  async #edited(output: number, edits: readonly ManifestEdit[]): Promise<CID> {
    const before = this.#roots[output] as CID
    const keyed = edits.map((edit) => ({ edit, key: keyFromPath(edit.path) })).sort((a, b) => compareBytes(a.key, b.key))
    const { totals } = await openManifest(this.#store, before)
    const added = edits.filter(({ value }) => value !== undefined)
    try {
      const built = await editManifest(this.#store, this.#store, before, keyed.map(({ edit }) => edit))
      if (added.length > 0 && built.totals.entries !== totals.entries + added.length) throw await this.#firstClash(output, before, added)
      return built.root
    } catch (error) {
      if (!(error instanceof VarveError) || error.code !== 'MALFORMED_DATA') throw error
      throw new RecipeFailedError(`Two calls wrote what cannot stand together in the output ${this.#names[output]}: ${error.message}`, { cause: error, hint: HINT })
    }
  }

  async #firstClash(output: number, root: CID, added: readonly ManifestEdit[]): Promise<RecipeFailedError> {
    const manifest = await openManifest(this.#store, root)
    for (const { path } of added) if ((await manifest.get(path)) !== undefined) return clash(pathToText(path), this.#names[output], undefined)
    return clash('a path', this.#names[output], undefined)
  }
}

const HINT = 'Let each call write paths of its own, such as the path of its file.'

function clash(path: string, output: string | undefined, unit: string | undefined): RecipeFailedError {
  return new RecipeFailedError(`${unit === undefined ? 'Two calls' : `The calls for ${unit} and for another part`} both wrote ${path} in the output ${output}`, { data: { path, output, unit: unit ?? null }, hint: HINT })
}
