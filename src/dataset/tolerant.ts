import { VarveError } from '../errors.ts'

/** What `work` gives, or undefined if data that it needs is damaged, missing or something else than it seemed. A storage that fails is another matter, and thrown. */
export async function tolerant<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof VarveError) || error.code === 'STORAGE_FAILED') throw error
    return undefined
  }
}
