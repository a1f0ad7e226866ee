import { dirname } from 'node:path'
import type { DurableFolders } from './durable-folders.ts'
import type { FileCalls } from './file-calls.ts'
import { unlinkQuietly } from './temp-files.ts'

/** Codes by which systems say that a file system has no hard links. */
const NO_HARD_LINKS: ReadonlySet<string | undefined> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])

/** True if a failed `link` failed because the file system has no hard links. */
export function lacksHardLinks(code: string | undefined): boolean {
  return NO_HARD_LINKS.has(code)
}

/**
 * Gives a finished temporary file its final name, if that is free, and waits until the name survives a power cut. `link` is the only
 * call that creates a name exclusively and atomically with all of the content behind it; `rename` would replace what is there.
 * Afterwards the temporary name is gone.
 *
 * If the folder cannot be synced the put has failed, and yet the final name stays: another process may have seen it and built on it, and a
 * root record that vanished from below its successor would be worse than one whose writer does not know that it exists.
 *
 * @param onLinkFailed turns the error of `link` into what is thrown
 * @throws the system's error if the folder cannot be synced
 */
export async function publish(
  calls: FileCalls,
  folders: Pick<DurableFolders, 'sync'>,
  temp: string,
  path: string,
  onLinkFailed: (error: unknown) => Promise<unknown>,
): Promise<void> {
  try {
    calls.link(temp, path)
  } catch (error) {
    if (!hasSecondName(calls, temp)) {
      unlinkQuietly(calls, temp)
      throw await onLinkFailed(error)
    }
  }
  unlinkQuietly(calls, temp)
  await folders.sync(dirname(path))
}

/**
 * A file server that did the work and whose answer got lost is asked again by the kernel, and then says EEXIST of our own link. The number
 * of names tells (open(2), O_EXCL): only this put knows the temporary one.
 */
function hasSecondName(calls: Pick<FileCalls, 'stat'>, temp: string): boolean {
  try {
    return (calls.stat(temp)?.links ?? 0) > 1
  } catch {
    return false
  }
}
