/** Repositories as blockstores of IPFS, and blockstores as the place of manifests: the public subpath `varve/blockstore`. */
export { blockstoreSource, type BlockstoreSourceOptions } from './blockstore-source.ts'
export type { RepositoryBlockstoreOptions } from './interface.ts'
export { repositoryBlockstore, RepositoryBlockstore } from './repository-blockstore.ts'
