import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { type InputEntry, storeEntries } from '../../dataset/input-entries.ts'
import type { RecipeCode } from '../../recipe/interface.ts'
import type { BlockRepository } from '../../repository/index.ts'
import type { FoundCode } from './interface.ts'

/** Puts the files of a piece of code, and the links among them, into a store as a manifest. */
export async function storeCode(blocks: BlockRepository, store: BlockSource & BlockSink, code: FoundCode): Promise<RecipeCode> {
  const entries: InputEntry[] = [...code.files, ...code.links.map(({ path, target }) => ({ path, symlink: target }))]
  const { root } = await storeEntries(store, new ChunkedContentStore(store, undefined), entries, { chunker: blocks.config.chunker })
  return { files: root, packages: code.packages, open: code.open }
}
