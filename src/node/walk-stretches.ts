import type { ByteText } from './byte-text.ts'
import { nodeFolderCalls } from './folder-calls.ts'
import { type IgnoreOptions, ignoreRules } from './ignore-rules.ts'
import { threadCount } from './parallel/thread-count.ts'
import type { FolderReadSettings } from './read-folder.ts'
import { walkFolder, type WalkedEntry, type WalkObserver } from './walk.ts'

/** A stat cache of some 30,000 files. To start a thread takes as long as to walk 15,000 or so (bench: A unchanged, B unchanged). */
const WALK_ALONE_BYTES = 2_500_000

/**
 * Walks a folder: what `walkFolder` yields and tells, in its order, a stretch at a time. Each must be gone through before the next.
 *
 * A large folder is walked by a thread of its own, which is ahead of whoever reads: finding out that nothing has changed is half asking the system what is there.
 *
 * @param cacheBytes size of the stat cache, which tells how large the folder was the last time
 */
export async function* walkStretches(
  top: ByteText, ignore: IgnoreOptions, settings: FolderReadSettings, cacheBytes: number, observer: WalkObserver,
): AsyncGenerator<Iterable<WalkedEntry>> {
  const { calls, threads: { count = threadCount(), walkFromBytes = WALK_ALONE_BYTES } = {} } = settings
  const repository = settings.repository === undefined ? undefined : { dev: settings.repository.dev, ino: settings.repository.ino }
  // A thread makes the system's calls itself. With one processor it would only take turns with this one.
  if (calls === nodeFolderCalls && count > 1 && cacheBytes >= walkFromBytes) {
    const { threadedWalk } = await import('./parallel/threaded-walk.ts')
    const stretches = threadedWalk({ top, ignore, repository }, observer)
    if (stretches !== undefined) return yield* stretches
  }
  yield walkFolder(top, { rules: ignoreRules(ignore), repository, observer, calls })
}
