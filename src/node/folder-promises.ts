import * as fs from 'node:fs'
import { join } from 'node:path'
import { StorageError } from '../errors.ts'
import type { ConformanceCase } from '../storage/conformance.ts'
import { broken } from '../storage/conformance-trial.ts'
import { saysDiskFull } from '../storage/disk-full.ts'
import { lacksHardLinks } from './publish.ts'
import { errorCode } from './system-errors.ts'

const LINKS_AT_ONCE = 8

/** The calls of which a folder on disk must keep something, so that tests can put ones underneath that do not. */
export interface TrialCalls {
  readonly link: (path: string, name: string) => Promise<void>
  readonly rename: (path: string, name: string) => Promise<void>
  readonly sync: (path: string) => Promise<void>
}

/** The calls of the system that this process runs on. Each in a thread of its own, so that several run at once. */
export const nodeTrialCalls: TrialCalls = {
  link: (path, name) => fs.promises.link(path, name),
  rename: (path, name) => fs.promises.rename(path, name),
  async sync(path) {
    const handle = await fs.promises.open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
}

/** What varve needs of a folder on disk and cannot see through `Storage`. @param folder an empty folder */
export function folderPromises(folder: string, calls: TrialCalls): readonly ConformanceCase[] {
  const path = (name: string): string => join(folder, name)
  const cases: ConformanceCase[] = [
    {
      name: 'a file takes a second name (hard link) without being copied',
      harm: 'Nothing could be stored: a hard link is what creates an object whole, and only if it is new.',
      async run() {
        write(path('linked'), 'linked')
        await calls.link(path('linked'), path('second')).catch((error: unknown) => {
          broken(lacksHardLinks(errorCode(roomFor(error))) ? `the file system has no hard links (${errorCode(error)})` : said(error))
        })
        expectContent(path('second'), 'linked')
        const { nlink } = fs.statSync(path('linked'))
        if (nlink !== 2) broken(`a file with two names is said to have ${nlink}`)
      },
    },
    {
      name: 'a hard link to a name that is taken fails (EEXIST), and what has the name stays',
      harm: 'Two writers could commit the same number of the log, and the later one would erase the snapshots of the earlier.',
      async run() {
        write(path('taken'), 'first')
        write(path('late'), 'second')
        const code = await calls.link(path('late'), path('taken')).then(() => 'success', (error: unknown) => errorCode(roomFor(error)))
        if (code !== 'EEXIST') broken(`the second link to a name ended with ${code ?? 'an unknown error'}`)
        expectContent(path('taken'), 'first')
      },
    },
    {
      name: `of ${LINKS_AT_ONCE} hard links that are made to one name at once exactly one succeeds`,
      harm: 'Two writers that commit at the same moment would both be told that they succeeded, and one would lose its snapshots.',
      async run() {
        for (const round of [0, 1, 2, 3]) {
          const names = Array.from({ length: LINKS_AT_ONCE }, (_, index) => path(`race-${round}-${index}`))
          for (const name of names) write(name, name)
          const results = await Promise.allSettled(names.map((name) => calls.link(name, path(`won-${round}`))))
          const winners = names.filter((_, index) => results[index]?.status === 'fulfilled')
          for (const result of results) if (result.status === 'rejected') roomFor(result.reason)
          const [winner] = winners
          if (winners.length !== 1 || winner === undefined) return broken(`${winners.length} of ${LINKS_AT_ONCE} links to one name succeeded`)
          expectContent(path(`won-${round}`), winner)
        }
      },
    },
    {
      name: 'a file that is renamed takes the place of another',
      harm: 'What is remembered of a folder could not be kept, so that every snapshot reads all files anew.',
      async run() {
        write(path('old'), 'old')
        write(path('new'), 'new')
        await calls.rename(path('new'), path('old')).catch((error: unknown) => broken(said(roomFor(error))))
        expectContent(path('old'), 'new')
        if (fs.existsSync(path('new'))) broken('the name from before is still there')
      },
    },
    {
      name: 'a folder can be renamed with all that is in it',
      harm: 'A checkout into this file system could not put the finished folder in its place.',
      async run() {
        fs.mkdirSync(path('folder'))
        write(path('folder/file'), 'inside')
        await calls.rename(path('folder'), path('moved')).catch((error: unknown) => broken(said(roomFor(error))))
        expectContent(path('moved/file'), 'inside')
      },
    },
    {
      name: 'a file is put on the disk when that is asked for (fsync)',
      harm: 'A power cut could lose what was reported as stored.',
      async run() {
        write(path('synced'), 'synced')
        await calls.sync(path('synced')).catch((error: unknown) => broken(said(roomFor(error))))
      },
    },
    {
      name: 'names in a folder are put on the disk when that is asked for (fsync of a folder)',
      harm: 'A power cut could lose what was reported as stored.',
      // Windows cannot be asked; NTFS journals names by itself.
      run: () => (process.platform === 'win32' ? Promise.resolve() : calls.sync(folder).catch((error: unknown) => broken(said(roomFor(error))))),
    },
  ]
  return cases.map(({ name, harm, run }) => ({ name, harm, run: () => run().catch(explain) }))
}

/** What the system refuses beside the call that is on trial says nothing of that call. */
function explain(error: unknown): never {
  const code = errorCode(error)
  if (error instanceof StorageError || code === undefined) throw error
  roomFor(error)
  throw new StorageError(said(error), { cause: error, data: { reason: code } })
}

/** Passes an error on. @throws StorageError if there was no room, which no promise is about */
function roomFor(error: unknown): unknown {
  const code = errorCode(error)
  if (saysDiskFull(code)) throw new StorageError(`the disk is full (${code})`, { cause: error, data: { reason: code }, hint: 'Free some space, then check again.' })
  return error
}

function write(path: string, text: string): void {
  fs.writeFileSync(path, text, { flag: 'wx' })
}

function expectContent(path: string, text: string): void {
  const found = fs.readFileSync(path, 'utf8')
  if (found !== text) broken('a file has other content than was written to it', { path })
}

function said(error: unknown): string {
  return `the system says: ${error instanceof Error ? error.message : String(error)}`
}
