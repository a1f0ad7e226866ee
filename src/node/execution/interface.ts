import type { LockedPackage, RecipeAction, RunStatus } from '../../recipe/interface.ts'
import type { UnitPart } from '../../recipe/map/unit.ts'
import type { AnyIterable, JsonValue } from '../../types.ts'
import type { Scratch } from './scratch.ts'

/** One execution of a recipe in a scratch folder. */
export interface ExecutionJob {
  /** Code and inputs are in it already. */
  readonly scratch: Scratch
  /** `module` is a path within the code folder. */
  readonly action: RecipeAction
  /** Of the recipe. Random numbers depend on it. */
  readonly name: string
  readonly inputs: readonly string[]
  /** Their folders are made here. */
  readonly outputs: readonly string[]
  /** As the schema gave them. */
  readonly params: { readonly [key: string]: JsonValue }
  readonly seed: string
  /** What a function may load beside its code folder; what these packages depend on comes with them. Default: nothing. */
  readonly packages?: readonly LockedPackage[]
  /** Of a recipe with `map`; the first input's folder is then not used. */
  readonly units?: Units
  readonly limits?: Limits
  /** Stops the run: it is told so, and a little later killed. */
  readonly signal?: AbortSignal
  /** What the process writes, all of it, while it does. Must not throw. */
  readonly onOutput?: (stream: 'stdout' | 'stderr', text: string) => void
  /** What the function reports, or for units how many are done. Must not throw. */
  readonly onProgress?: (done: number, total?: number) => void
}

export interface Limits {
  /** Of the whole run, or of each unit. */
  readonly timeMs?: number
  /**
   * Resident memory of a child process and all that it started, where the system says how much that is (Linux), looked at some five times a second. The heap of a function's process is
   * bounded everywhere.
   */
  readonly memoryBytes?: number
}

/** A part of the first input that a recipe is called for by itself. */
export interface Unit extends Omit<UnitPart, 'entries'> {
  /** Absolute folder with the files of that part, at their paths, and nothing else. */
  readonly input: string
  /** What these files take, in bytes. */
  readonly inputBytes: number
}

/** The calls of a map recipe. */
export interface Units {
  /** Each is asked for when somebody is free to take it. */
  readonly units: AnyIterable<Unit>
  /** How many there are. */
  readonly count: number
  /** How many child processes share the work. Default 1. */
  readonly processes?: number
  /**
   * Told of each unit when its call has succeeded, while the next one runs; once at a time for each process. What is left of its outputs is removed when this is done; if it fails, so does `execute`. What it is told counts unless the whole
   * run then ends as `not-hermetic`.
   */
  readonly onUnit: (unit: FinishedUnit) => void | Promise<void>
}

export interface FinishedUnit {
  readonly unit: Unit
  /** Holds the folders of the outputs under their names, and may be moved away. */
  readonly folder: string
  /** Absolute folders by name of output. */
  readonly outputs: Readonly<Record<string, string>>
  readonly mathRandomCalls: number
}

/**
 * What recipes are run by. The folders of the job are on this machine; an executor that has the work done elsewhere takes there what is in them, or what they were made from, and puts the
 * outputs into theirs.
 */
export interface Executor {
  /**
   * Does the job: calls the function or starts the command, once or for each unit, and leaves the outputs in their folders.
   * @throws what `onUnit` throws; all that the recipe does wrong is in the outcome
   */
  execute(job: ExecutionJob): Promise<ExecutionOutcome>
}

/** How a run ended. */
export interface ExecutionOutcome {
  readonly status: RunStatus
  /** What went wrong, in words; null if nothing did. */
  readonly reason: string | null
  /** 0 and 1 for a function that was done and for one that failed; null where a signal ended the process, or nothing was started. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** Absolute paths of files in the scratch folder. Of long output they have the beginning and the end. */
  readonly stdout: string
  readonly stderr: string
  /** Of functions that told: null for commands, and for processes that died. */
  readonly mathRandomCalls: number | null
}
