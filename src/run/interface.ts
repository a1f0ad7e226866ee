import type { CID } from '../cid/cid.ts'
import type { CidText } from '../types.ts'
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
  /** Where a supervised command was started, relative to the top of the code, with `/`; empty for the top. */
  readonly cwd: string
  /** What a supervised command was to write, relative to where it was started, by the names of the artifacts. */
  readonly outputs: readonly { readonly name: string; readonly path: string }[]
  readonly capture: Capture
  /** Manifest root of the working tree; null where there was none to store. */
  readonly code: CID | null
  /** The start of the run that this one reproduces. */
  readonly reproduces: CID | null
  /** RFC 3339, UTC. */
  readonly started: string
  readonly process: RunProcess
  /** 16 hex digits, so that no two runs are one. */
  readonly nonce: string
}

/** The process that a run is part of, or that supervises it. */
export interface RunProcess {
  /** The name of the machine. */
  readonly host: string
  /** 12 hex digits that stand for the machine, or the container on it (`node/maker.ts`). */
  readonly hostId: string
  /** Number of the process there. */
  readonly id: number
  /** When it began, as its system counts since its own start, so that no clock can be wrong about it; null where the system does not say. */
  readonly began: number | null
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

/**
 * What came of a run. One that says `running` is what there is so far, and another takes its place; any other is the end: it leads to the start, and so to everything, and nothing of it changes any
 * more.
 */
export interface RunRecord {
  readonly start: CID
  readonly status: RunOutcome | 'running'
  /** What went wrong, in words; null if nothing did. */
  readonly reason: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  /** Null while it runs. */
  readonly ended: string | null
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
  readonly final: { readonly [metric: string]: number }
  /** CID of the start of the run that this one reproduces, or null. */
  readonly reproduces: CidText | null
}
