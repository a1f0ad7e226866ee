import { CorruptBlockError, MalformedDataError, NotFoundError, StorageError, VarveError } from '../errors.ts'
import { displayPath, pathToText } from '../manifest/path.ts'

/** The same error with the path whose content it concerns; anything that is not about content is returned as it is. */
export function damageAt(error: unknown, path: Uint8Array): unknown {
  if (!(error instanceof VarveError) || error.data['paths'] !== undefined) return error
  if (error instanceof MalformedDataError) return new MalformedDataError(`${displayPath(path)}: ${error.message}`, { cause: error, data: { ...error.data, paths: [pathToText(path)] } })
  // It was left at a remote that cannot be reached.
  if (error instanceof StorageError && error.data['remote'] !== undefined) return new StorageError(`${displayPath(path)} cannot be read: ${error.message}`, { cause: error, data: { ...error.data, paths: [pathToText(path)] }, hint: error.hint })
  if (!(error instanceof CorruptBlockError || error instanceof NotFoundError)) return error
  const message = `${displayPath(path)} cannot be read: ${error.message}`
  // A block that a manifest names and the repository lacks was lost: that is damage too.
  return new CorruptBlockError(message, { cause: error, data: { ...error.data, paths: [pathToText(path)] } })
}
