export { checkStorage, type CheckedPromise, type CheckOptions } from './check-storage.ts'
export { storageConformance, type ConformanceCase, type ConformanceOptions } from './conformance.ts'
export { FaultyStorage, type Fault, type StorageCall } from './faulty-storage.ts'
export { ReadOnlyStorage } from './read-only-storage.ts'
