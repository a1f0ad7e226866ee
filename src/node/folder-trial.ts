import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { InvalidArgumentError, NotFoundError, StorageError } from '../errors.ts'
import { saysDiskFull } from '../storage/disk-full.ts'
import type { Storage } from '../storage/interface.ts'
import { byteTextOfPath } from './byte-text.ts'
import { folderPromises, nodeTrialCalls, type TrialCalls } from './folder-promises.ts'
import { FolderStorage } from './folder-storage.ts'
import { probeFolder } from './name-folding.ts'
import type { StorageFact, StorageTrial } from './storage-trial.ts'
import { errorCode } from './system-errors.ts'

/** With a character that no key has: a repository in the same folder never sees it. */
const NAME_START = 'varve-check~'

/**
 * A trial in a new folder below another one.
 * @param open by default a FolderStorage. For tests, like `calls`
 */
export function beginFolderTrial(folder: string, calls: TrialCalls = nodeTrialCalls, open: (path: string) => Storage = (path) => new FolderStorage(path)): StorageTrial {
  const facts = fs.statSync(folder, { throwIfNoEntry: false })
  if (facts === undefined) throw new NotFoundError(`There is no folder ${folder}`, { data: { path: folder }, hint: 'Check the path, and that its disk is mounted.' })
  if (!facts.isDirectory()) throw new InvalidArgumentError(`${folder} is not a folder`, { data: { path: folder }, hint: 'Name the folder in which the repository is to be.' })
  const place = join(folder, `${NAME_START}${randomBytes(6).toString('hex')}`)
  for (const path of [place, join(place, 'files'), join(place, 'names'), join(place, 'objects')]) makeFolder(path)
  return {
    kind: 'folder',
    location: folder,
    open: async () => open(join(place, 'objects')),
    cases: folderPromises(join(place, 'files'), calls),
    facts: () => [...nameFacts(join(place, 'names')), ...spaceFacts(folder), DURABILITY],
    async end() {
      try {
        fs.rmSync(place, { recursive: true, force: true, maxRetries: 3 })
      } catch {
        // Whoever asked is told what is left, and the reason was among the promises.
      }
      return fs.existsSync(place) ? [place] : []
    },
  }
}

const DURABILITY: StorageFact = {
  about: 'power cut',
  text: 'whether what is stored survives a power cut cannot be tried; that depends on whether the disk does what fsync asks for',
  value: 'untried',
}

function makeFolder(path: string): void {
  try {
    fs.mkdirSync(path)
  } catch (cause) {
    const reason = errorCode(cause) ?? 'UNKNOWN'
    if (saysDiskFull(reason)) throw new StorageError(`Cannot make the folder ${path} for the check: the disk is full (${reason})`, { cause, data: { path, reason }, hint: 'Free some space, then check again.' })
    throw new StorageError(`Cannot make the folder ${path} for the check (${reason})`, { cause, data: { path, reason }, hint: 'Check who owns the folder, and that its file system can be written to.' })
  }
}

function nameFacts(folder: string): StorageFact[] {
  const { folding } = probeFolder(byteTextOfPath(folder))
  const consequence = 'two files of a dataset whose names differ in nothing else cannot be checked out here; a repository is not affected'
  return [
    { about: 'case of names', text: folding.case ? `"a" and "A" are one name: ${consequence}` : '"a" and "A" are different names', value: folding.case },
    { about: 'Unicode form of names', text: folding.normalization ? `composed and decomposed letters are one name: ${consequence}` : 'composed and decomposed letters are different names', value: folding.normalization },
  ]
}

function spaceFacts(folder: string): StorageFact[] {
  const { bavail, bsize } = fs.statfsSync(folder)
  const bytes = bavail * bsize
  return [{ about: 'free space', text: `${(bytes / 1024 ** 3).toFixed(1)} GiB are free`, value: bytes }]
}
