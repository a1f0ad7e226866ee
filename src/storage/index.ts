export type { ByteRange, LendingBody, ObjectBody, ObjectEntry, ObjectStat, Storage, StorageCallOptions } from './interface.ts'
export { assertKey, assertPrefix, isKey } from './key.ts'
export { MemoryStorage } from './memory-storage.ts'
export { ReadOnlyStorage } from './read-only-storage.ts'
