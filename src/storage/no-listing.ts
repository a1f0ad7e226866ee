import { StorageError } from '../errors.ts'

/** `data.reason` of the StorageError by which `list` says that a storage cannot list at all, such as a static web server. */
export const NO_LISTING = 'ENOLISTING'

/** True if a listing failed because there is none to be had: whoever can do without goes on. */
export function isWithoutListing(error: unknown): error is StorageError {
  return error instanceof StorageError && error.data['reason'] === NO_LISTING
}
