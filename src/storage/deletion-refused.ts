import { StorageError } from '../errors.ts'

/** `data.reason` of the StorageError by which `delete` says that the store keeps the object, by a lock, a rule or the rights that were given. */
export const DELETION_REFUSED = 'EDELETEREFUSED'

/** True if a deletion failed only because it is not allowed: the object stays, and others may be tried. */
export function isDeletionRefused(error: unknown): error is StorageError {
  return error instanceof StorageError && error.data['reason'] === DELETION_REFUSED
}
