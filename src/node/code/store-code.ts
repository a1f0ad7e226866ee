import { ChunkedContentStore } from '../../dataset/content-store.ts'
import { type InputEntry, storeEntries } from '../../dataset/input-entries.ts'
import type { RecipeCode } from '../../recipe/interface.ts'
import type { BlockRepository, Session } from '../../repository/index.ts'
import type { FoundCode } from './interface.ts'

/** Stores the files of a piece of code, and the links among them, as a manifest. What is there already is not stored again. Commits nothing. */
export async function storeCode(blocks: BlockRepository, session: Session, code: FoundCode): Promise<RecipeCode> {
  const entries: InputEntry[] = [...code.files, ...code.links.map(({ path, target }) => ({ path, symlink: target }))]
  const { root } = await storeEntries(session, new ChunkedContentStore(session, session), entries, { chunker: blocks.config.chunker })
  return { files: root, packages: code.packages, open: code.open }
}
