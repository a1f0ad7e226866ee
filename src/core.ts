/**
 * Everything that needs no Node: the public entry `varve/core`, for browsers, Deno, Bun and workers. The same bytes get the same CIDs here
 * as everywhere.
 */
export { Repository } from './dataset/repository.ts'
export { ChunkedContentStore, storeContent } from './dataset/content-store.ts'
export { HashingSink } from './dataset/hashing-sink.ts'
export type { ContentStore, FileContent, FolderPort, FolderWriter } from './dataset/interface.ts'
export { BlockRepository } from './repository/repository.ts'
export { MemoryStorage } from './storage/memory-storage.ts'
export type { Storage } from './storage/interface.ts'
export { portablePlatform } from './cid/portable-platform.ts'
export type { Hasher, HashName, Platform } from './cid/interface.ts'
export { CID, cidText, parseCid } from './cid/cid.ts'
export { ManifestBuilder, openManifest, verifyManifest } from './manifest/manifest.ts'
export { checkProof, provePath, type ManifestProof } from './manifest/proof.ts'
export { pathFromText, pathToText } from './manifest/path.ts'
export * from './errors.ts'
