import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, normalize, sep } from 'node:path'
import { storeFolder } from '../../dataset/store-folder.ts'
import type { SkippedPath } from '../../dataset/interface.ts'
import { VarveError } from '../../errors.ts'
import { below, type ByteText, byteTextOf, lossyText } from '../byte-text.ts'
import { shownNames } from '../execution/shown-names.ts'
import { type EntryFacts, nodeFolderCalls } from '../folder-calls.ts'
import { nodeFolders } from '../folder-port.ts'
import { ignoreRules } from '../ignore-rules.ts'
import { walkFolder, type WalkObserver } from '../walk.ts'
import { patternOf } from './git-scratch.ts'
import type { CaptureOptions, StoredCode } from './interface.ts'
import { proveFiles } from './prove-files.ts'
import { secretInFile } from './secret-file.ts'

type PlainFolderOptions = Pick<CaptureOptions, 'leaveOut' | 'chunker' | 'repositoryFolder' | 'before' | 'session' | 'signal'> & { readonly maxBytes: number }

const SILENT: WalkObserver = {
  onDefaultIgnore: () => undefined, onRepository: () => undefined, onSpecialFile: () => undefined,
  onUnreadable: () => undefined, onChanged: () => undefined, onLinkedIgnoreFile: () => undefined,
}

/** Stores a folder that git does not know, as a snapshot would, if it is not too large: it may be a home folder. Files with well-known secrets in them are left out. */
export async function storePlainFolder(folder: string, { session, chunker, repositoryFolder, before, leaveOut = [], maxBytes, signal }: PlainFolderOptions): Promise<StoredCode> {
  try {
    const own = leaveOut.filter((path) => !isAbsolute(path)).map((path) => lossyText(patternOf(byteTextOf(Buffer.from(normalize(path).split(sep).join('/').replace(/\/$/, ''))))))
    const survey = surveyFolder(folder, { repositoryFolder, maxBytes, leaveOut: own, signal })
    if (survey === undefined) return { code: null, missing: [`The code was not stored: ${folder} holds more than ${maxBytes} bytes`], redacted: [] }
    const { secrets } = survey
    const skipped: SkippedPath[] = []
    const port = nodeFolders(repositoryFolder === undefined ? {} : { repositoryFolder })
    const options = { chunker, before, skipUnreadable: true, ignore: [...own, ...secrets.map(({ path }) => lossyText(patternOf(path)))], onSkipped: (path: SkippedPath) => void skipped.push(path) }
    const { root, files, bytes } = await storeFolder(session, port, folder, signal === undefined ? options : { ...options, signal })
    const { isWhole } = await proveFiles(session, root, { chunker, signal })
    return {
      code: isWhole ? { root, files, bytes, folder: '' } : null,
      missing: [
        ...secrets.map(({ path, what }) => `${lossyText(path)} was not stored: it holds what looks like ${what}`), ...leftOutOf(skipped),
        ...(isWhole ? [] : ['The stored code did not come back as it was stored: run varve verify']),
      ],
      redacted: secrets.map(({ path }) => `code:${lossyText(path)}`),
    }
  } catch (error) {
    if (!(error instanceof VarveError) || !OF_THE_FOLDER.has(error.code)) throw error
    return { code: null, missing: [`The code was not stored: ${error.message}`], redacted: [] }
  }
}

/** What is wrong with the folder, and not with the repository that it goes into. */
const OF_THE_FOLDER: ReadonlySet<string> = new Set(['NOT_FOUND', 'INVALID_ARGUMENT', 'UNREADABLE_FILES', 'FILE_CHANGED', 'UNSAFE_PATH', 'MALFORMED_DATA'])

interface Survey {
  readonly secrets: readonly { readonly path: ByteText; readonly what: string }[]
}

interface SurveyOptions {
  readonly repositoryFolder: string | undefined
  readonly maxBytes: number
  /** Patterns, as of ignore files. */
  readonly leaveOut: readonly string[]
  readonly signal: AbortSignal | undefined
}

/** Undefined if there is more than that. */
function surveyFolder(folder: string, { repositoryFolder, maxBytes, leaveOut, signal }: SurveyOptions): Survey | undefined {
  const top = realTop(folder)
  if (top === undefined) return { secrets: [] }
  const secrets: { path: ByteText; what: string }[] = []
  const files: ByteText[] = []
  let bytes = 0
  for (const entry of walkFolder(top, { rules: ignoreRules({ ignore: leaveOut }), repository: factsOf(repositoryFolder), observer: SILENT, calls: nodeFolderCalls })) {
    signal?.throwIfAborted()
    if (entry.type !== 'file') continue
    bytes += Number(entry.facts.size)
    if (bytes > maxBytes) return undefined
    files.push(entry.path)
  }
  for (const path of files) {
    signal?.throwIfAborted()
    const what = secretInFile(below(top, path))
    if (what !== undefined) secrets.push({ path, what })
  }
  return { secrets }
}

function realTop(folder: string): ByteText | undefined {
  try {
    return byteTextOf(realpathSync.native(folder, { encoding: 'buffer' }))
  } catch {
    // Storing it says what is wrong.
    return undefined
  }
}

function factsOf(folder: string | undefined): Pick<EntryFacts, 'dev' | 'ino'> | undefined {
  return folder === undefined ? undefined : statSync(folder, { bigint: true, throwIfNoEntry: false })
}

function leftOutOf(skipped: readonly SkippedPath[]): readonly string[] {
  const defaults = skipped.filter(({ reason }) => reason === 'default-ignore').map(({ path }) => path)
  const others = skipped.filter(({ reason }) => reason === 'special-file' || reason === 'unreadable')
  return [
    ...(defaults.length === 0 ? [] : [`Left out of the stored code by the default ignores: ${shownNames(defaults)}`]),
    ...others.map(({ path, detail }) => `${path} was not stored: ${detail}`),
  ]
}
