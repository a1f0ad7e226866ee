/** How a repository serves as a blockstore. */
export interface RepositoryBlockstoreOptions {
  /** Which of the repository's blockstores: each has a list of its own. Letters, digits, ".", "_" and "-". Default `default`. */
  readonly name?: string
  /**
   * `own`, the default, shows what was put through this blockstore and not deleted. `repository` shows every other block of the repository too, as the chunks and tree nodes of datasets, to `has`, `get` and
   * `getMany`, and deleted ones until garbage is collected: whoever may ask for blocks can read all datasets whose hashes are known to him.
   */
  readonly reads?: 'own' | 'repository'
  /** After so many changes that are not committed, they are. Default 4096. Infinity leaves it to `flush` and `close`. */
  readonly flushAfter?: number
  /** What the log of operations says that the commits were for. Default empty. */
  readonly message?: string
  /** Who it says made them. */
  readonly author?: string
}
