import type { ByteText } from '../byte-text.ts'
import { errorCode } from '../system-errors.ts'
import type { WalkedEntry, WalkObserver } from '../walk.ts'
import { FACTS_A_FILE, factsAt, setFacts } from './packed-facts.ts'

type FileEntry = Extract<WalkedEntry, { type: 'file' }>

/** What a walk tells its observer, in a form that can travel. Of the system's errors their words and code are left. */
type WalkNote =
  | { readonly type: 'default-ignore'; readonly path: ByteText; readonly rule: string }
  | { readonly type: 'repository' | 'special-file' | 'changed' | 'linked-ignore-file'; readonly path: ByteText }
  | { readonly type: 'unreadable'; readonly path: ByteText; readonly words: string; readonly code: string | undefined; readonly role: 'rules' | undefined }

type Other = Exclude<WalkedEntry, FileEntry> | WalkNote

/** A stretch of a walk as it travels between threads: of its files, however many they are, one text and one array. */
export interface WalkBatch {
  /** Those of the files, each with a NUL behind it, which no name has. */
  readonly paths: string
  /** See `packFacts`. */
  readonly facts: BigInt64Array
  /** What was met or told between the files. */
  readonly others: readonly Other[]
  /** How many files come before each of them. */
  readonly othersAt: Uint32Array
  /** True if the walk ends with it. */
  readonly isLast: boolean
}

/** Gathers what a walk yields, and what it tells `observer`, which is to be the walk's. */
export class WalkBatchWriter {
  readonly observer: WalkObserver = {
    onDefaultIgnore: (path, rule) => this.#addOther({ type: 'default-ignore', path, rule }),
    onRepository: (path) => this.#addOther({ type: 'repository', path }),
    onSpecialFile: (path) => this.#addOther({ type: 'special-file', path }),
    onUnreadable: (path, error, role) => this.#addOther({ type: 'unreadable', path, words: error instanceof Error ? error.message : String(error), code: errorCode(error), role }),
    onChanged: (path) => this.#addOther({ type: 'changed', path }),
    onLinkedIgnoreFile: (path) => this.#addOther({ type: 'linked-ignore-file', path }),
  }
  readonly #facts: BigInt64Array
  readonly #maxCount: number
  #paths = ''
  #files = 0
  #others: Other[] = []
  #othersAt: number[] = []

  /** @param maxCount what a batch holds */
  constructor(maxCount: number) {
    this.#maxCount = maxCount
    this.#facts = new BigInt64Array(maxCount * FACTS_A_FILE)
  }

  /** What was told may make it fuller than full. */
  get isFull(): boolean {
    return this.#files + this.#others.length >= this.#maxCount
  }

  /** Only if it is not full. */
  add(entry: WalkedEntry): void {
    if (entry.type !== 'file') return this.#addOther(entry)
    this.#paths += `${entry.path}\0`
    setFacts(this.#facts, this.#files++, entry.facts)
  }

  /** What was gathered; begins anew. */
  take(isLast: boolean): WalkBatch {
    const batch = { paths: this.#paths, facts: this.#facts.slice(0, this.#files * FACTS_A_FILE), others: this.#others, othersAt: Uint32Array.from(this.#othersAt), isLast }
    this.#paths = ''
    this.#files = 0
    this.#others = []
    this.#othersAt = []
    return batch
  }

  #addOther(other: Other): void {
    this.#others.push(other)
    this.#othersAt.push(this.#files)
  }
}

/** The entries of a batch; the observer is told the rest when its turn comes. */
export function* entriesOf({ paths, facts, others, othersAt }: WalkBatch, observer: WalkObserver): Generator<WalkedEntry> {
  let start = 0
  let other = 0
  for (let file = 0; ; file++) {
    for (; othersAt[other] === file; other++) {
      const met = others[other] as Other
      if (met.type === 'symlink' || met.type === 'directory') yield met
      else tell(observer, met)
    }
    if (file * FACTS_A_FILE === facts.length) return
    const end = paths.indexOf('\0', start)
    yield { type: 'file', path: paths.slice(start, end) as ByteText, facts: factsAt(facts, file) }
    start = end + 1
  }
}

function tell(observer: WalkObserver, note: WalkNote): void {
  switch (note.type) {
    case 'default-ignore': return observer.onDefaultIgnore(note.path, note.rule)
    case 'repository': return observer.onRepository(note.path)
    case 'special-file': return observer.onSpecialFile(note.path)
    case 'unreadable': return observer.onUnreadable(note.path, Object.assign(new Error(note.words), { code: note.code }), note.role)
    case 'changed': return observer.onChanged(note.path)
    case 'linked-ignore-file': return observer.onLinkedIgnoreFile(note.path)
  }
}
