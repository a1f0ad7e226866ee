import type { CID } from '../cid/cid.ts'
import type { CidText, JsonValue } from '../types.ts'
import type { ResolvedConfig } from './config/interface.ts'
import type { Capture } from './capture-interface.ts'

/** A dataset that a run reads, by the name that the run has for it. */
export interface RunInput {
  readonly name: string
  /** As it was given: `features@v3`. */
  readonly revision: string
  /** The snapshot that the revision named, if it named one. */
  readonly snapshot: CID | null
  readonly root: CID
}

/** What is known of a run before the first line of the user's code runs. Its CID is the run's identity. */
export interface RunStart {
  readonly name: string
  readonly why: string | null
  /** Sorted, none twice. */
  readonly tags: readonly string[]
  readonly inputs: readonly RunInput[]
  readonly config: ResolvedConfig
  readonly seed: string
  /** The command line of a supervised run, secrets left out; null for one that a program began by itself. */
  readonly command: readonly string[] | null
  readonly capture: Capture
  /** Manifest root of the working tree; null where there was none to store. */
  readonly code: CID | null
  /** The start of the run that this one reproduces. */
  readonly reproduces: CID | null
  /** RFC 3339, UTC. */
  readonly started: string
  readonly host: string
  readonly process: number
  /** 16 hex digits, so that no two runs are one. */
  readonly nonce: string
}

/** `lost`: its process was gone before it said how it ended. */
export type RunOutcome = 'succeeded' | 'failed' | 'aborted' | 'lost'

/** Something that a run made. */
export interface RunArtifact {
  readonly name: string
  /** A manifest; of one file, with that file under its own name. */
  readonly root: CID
  readonly files: number
  readonly bytes: number
}

/** A run that is over. Its block leads to the start, and so to everything; nothing in it changes any more. */
export interface RunRecord {
  readonly start: CID
  readonly status: RunOutcome
  /** What went wrong, in words; null if nothing did. */
  readonly reason: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly ended: string
  /** The last value of each metric. */
  readonly final: { readonly [metric: string]: number }
  /** Manifest root of all values (`metrics/`), or null if none were logged. */
  readonly metrics: CID | null
  /** Manifest root of `stdout.txt` and `stderr.txt`; null if output was not captured. */
  readonly log: CID | null
  /** Sorted by name. */
  readonly artifacts: readonly RunArtifact[]
}

/** A run as people and programs are told of it. */
export interface RunInfo {
  /** CID of the start. */
  readonly id: CidText
  /** `train#3`: the name with a number that counts the runs of that name. */
  readonly label: string
  readonly name: string
  readonly number: number
  readonly status: RunOutcome | 'running'
  readonly started: string
  readonly ended: string | null
  /** CID of the sealed record; null while it runs. */
  readonly record: CidText | null
  readonly tags: readonly string[]
  readonly final: { readonly [metric: string]: JsonValue }
}
