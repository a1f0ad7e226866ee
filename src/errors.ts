/**
 * Every error that varve throws on purpose. Tell them apart by `code`, which is stable across versions; messages are free
 * to improve. `data` holds the facts in a structured form, `hint` one sentence on what to do next.
 *
 * @example
 * try { await repository.checkout('mnist@v2', './out') }
 * catch (error) { if (error instanceof VarveError && error.code === 'WOULD_OVERWRITE') console.error(error.hint) }
 */
export class VarveError extends Error {
  readonly code: ErrorCode
  readonly data: Readonly<Record<string, unknown>>
  readonly hint: string

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { data?: Record<string, unknown>; hint: string }) {
    super(message, options)
    this.name = new.target.name
    this.code = code
    this.data = options.data ?? {}
    this.hint = options.hint
  }
}

/** The stable codes. A new minor version may add codes, and never changes the meaning of one. */
export type ErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'AMBIGUOUS_REVISION'
  | 'CORRUPT_BLOCK'
  | 'CORRUPT_OBJECT'
  | 'MALFORMED_DATA'
  | 'UNSAFE_PATH'
  | 'UNSUPPORTED_FORMAT'
  | 'WOULD_OVERWRITE'
  | 'WOULD_LOSE'
  | 'REF_CONFLICT'
  | 'SESSION_REVOKED'
  | 'FILE_CHANGED'
  | 'UNREADABLE_FILES'
  | 'EVICTED'
  | 'RECIPE_FAILED'
  | 'NOT_HERMETIC'
  | 'DIVERGENCE'
  | 'RECONSTRUCTION_MISMATCH'
  | 'STORAGE_FAILED'
  | 'SEALED'
  | 'INVALID_PIPELINE'
  | 'INVALID_POLICY'
  | 'CHECK_FAILED'
  | 'ROLLBACK'

interface Details {
  readonly data?: Record<string, unknown>
  readonly hint?: string
  readonly cause?: unknown
}

function withHint(details: Details, hint: string): ErrorOptions & { data?: Record<string, unknown>; hint: string } {
  return {
    hint: details.hint ?? hint,
    ...(details.data === undefined ? {} : { data: details.data }),
    ...(details.cause === undefined ? {} : { cause: details.cause }),
  }
}

/** The caller passed something that no repository state could make valid. */
export class InvalidArgumentError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('INVALID_ARGUMENT', message, withHint(details, 'Correct the argument and call again.'))
  }
}

/** A ref, revision, path, object or repository does not exist. Damage is never reported as this. */
export class NotFoundError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('NOT_FOUND', message, withHint(details, 'Check the name; `varve refs` lists what exists.'))
  }
}

/** An object that must be new is already there. */
export class AlreadyExistsError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('ALREADY_EXISTS', message, withHint(details, 'Choose another name, or use what is there.'))
  }
}

/** An abbreviated CID stands for more than one object. */
export class AmbiguousRevisionError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('AMBIGUOUS_REVISION', message, withHint(details, 'Give more characters of the CID.'))
  }
}

/** Stored bytes of one block do not hash to its CID, or cannot be decompressed. `data.cid` names it, `data.paths` where it is used if known. */
export class CorruptBlockError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('CORRUPT_BLOCK', message, withHint(details, 'Run `varve repair` to mend what can be mended and list every path that is affected; what is lost comes back with a new snapshot of the same files, or from an intact copy with --from <repo>.'))
  }
}

/** A pack, index, root record or other repository object is truncated or altered. `data.key` names it. */
export class CorruptObjectError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('CORRUPT_OBJECT', message, withHint(details, 'Run `varve verify` to see what is affected, and `varve repair` to mend it.'))
  }
}

/** Data is intact but breaks the rules of the format: not canonical, keys out of order, wrong sizes. It was made by a faulty or hostile writer. */
export class MalformedDataError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('MALFORMED_DATA', message, withHint(details, 'Do not use this data; ask whoever made it for a sound copy.'))
  }
}

/** A manifest names a path that could write outside the target, or that the target file system cannot hold apart from another. */
export class UnsafePathError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('UNSAFE_PATH', message, withHint(details, 'Inspect the manifest with `varve ls`; check out the safe part with --path.'))
  }
}

/** The repository or object was written by a newer version of varve. Nothing was touched. */
export class UnsupportedFormatError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('UNSUPPORTED_FORMAT', message, withHint(details, 'Install a newer version of varve: npm install varve@latest'))
  }
}

/** Going on would destroy files that no snapshot holds. */
export class WouldOverwriteError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('WOULD_OVERWRITE', message, withHint(details, 'Take a snapshot of the folder first, choose another folder, or pass --force to replace it.'))
  }
}

/** Going on would give up what another copy may still have. */
export class WouldLoseError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('WOULD_LOSE', message, withHint(details, 'Look for another copy first.'))
  }
}

/** A compare-and-swap found that the ref has moved. `data.expected` and `data.actual` hold CIDs as text, or null. */
export class RefConflictError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('REF_CONFLICT', message, withHint(details, 'Read the ref again and decide whether your change still applies.'))
  }
}

/** Garbage collection revoked this writer's session; nothing it wrote was committed. */
export class SessionRevokedError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('SESSION_REVOKED', message, withHint(details, 'Run the same command again.'))
  }
}

/** A file was written to while it was being read. It was not stored. */
export class FileChangedError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('FILE_CHANGED', message, withHint(details, 'Stop whatever writes to it, then run the same command again.'))
  }
}

/** Files could not be read; `data.paths` lists them. Nothing was committed. */
export class UnreadableFilesError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('UNREADABLE_FILES', message, withHint(details, 'Make them readable, exclude them, or pass --skip-unreadable to record them as skipped.'))
  }
}

/** Derived data was dropped, and can be made again from its recipe. `data.root` names it. */
export class EvictedError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('EVICTED', message, withHint(details, 'Run `varve reconstruct <rev>`, or pass --reconstruct to make it again wherever it is needed.'))
  }
}

/** A recipe could not be carried out. `data.run` names the record of the attempt, if there is one, and `data.log` holds the end of what it wrote. */
export class RecipeFailedError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('RECIPE_FAILED', message, withHint(details, 'Mend the recipe and run it again; it sees its inputs and the files of its code, and nothing else of the project. Nothing was stored but the record of this attempt.'))
  }
}

/** A recipe used what is not part of its derivation, so that its result could not be trusted to come out again. */
export class NotHermeticError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('NOT_HERMETIC', message, withHint(details, 'Let it write to its outputs alone, and declare what it reads as an input, a parameter or a file of its code.'))
  }
}

/** A derivation gave another result than before, though its recipe says that it cannot. Both are kept; `data.differences` lists the paths. */
export class DivergenceError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('DIVERGENCE', message, withHint(details, 'Look for clocks, unseeded randomness and the order of parallel work in the recipe, or declare it as not deterministic.'))
  }
}

/** Derived data came out other than recorded when it was made again, and was not admitted. `data.differences` lists the paths, where they are known. */
export class ReconstructionMismatchError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('RECONSTRUCTION_MISMATCH', message, withHint(details, 'Compare the environment with the recorded one (`varve explain <rev>`); what was recorded may be in another copy of the repository.'))
  }
}

/** What is over does not change any more: a run that ended, a model version that is registered. */
export class SealedError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('SEALED', message, withHint(details, 'Begin a new run for what is to be added.'))
  }
}

/** A policy asks for more than can be shown. `data.items` holds the items of the checklist that do not pass, as `CheckedItem`. */
export class CheckFailedError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('CHECK_FAILED', message, withHint(details, '`varve check` says what is missing, and what to do.'))
  }
}

/** A remote is not as new as it was, or not the one that it was. `data.seen` and `data.number` are states of its log. */
export class RollbackError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('ROLLBACK', message, withHint(details, 'Ask whoever keeps the remote what became of it.'))
  }
}

/** The storage underneath failed: disk full, no permission, I/O error. `data.key` names the object, `data.reason` the system's code. */
export class StorageError extends VarveError {
  constructor(message: string, details: Details = {}) {
    super('STORAGE_FAILED', message, withHint(details, 'Mend the storage, then run the same command again; what was committed is intact.'))
  }
}

/** One thing that is wrong in a pipeline file, a file of parameters or a policy. */
export interface PipelineProblem {
  readonly file: string
  /** From 1, in UTF-16 units. */
  readonly line: number
  readonly column: number
  readonly message: string
  /** The way to the value from the top of the file: `steps.parse.inputs.raw`. Empty for the file itself. */
  readonly path: string
}

/** A pipeline file, its parameters or what they make of it breaks a rule. `data.problems` lists every problem that was found, as `PipelineProblem`, in the order of the file. */
export class PipelineError extends VarveError {
  readonly problems: readonly PipelineProblem[]

  constructor(problems: readonly PipelineProblem[], details: Details = {}) {
    super('INVALID_PIPELINE', problemText(problems), withHint({ ...details, data: { ...details.data, problems } }, 'Correct the file and run the same command again.'))
    this.problems = problems
  }
}

/** A policy breaks a rule, or waives something no longer. `data.problems` as for `PipelineError`. */
export class PolicyError extends VarveError {
  readonly problems: readonly PipelineProblem[]

  constructor(problems: readonly PipelineProblem[], details: Details = {}) {
    super('INVALID_POLICY', problemText(problems), withHint({ ...details, data: { ...details.data, problems } }, 'Correct the policy and run the same command again.'))
    this.problems = problems
  }
}

function problemText(problems: readonly PipelineProblem[]): string {
  const [first] = problems
  const where = first === undefined ? '' : `${first.file}:${first.line}:${first.column}: ${first.message}`
  return `${where}${problems.length < 2 ? '' : ` (and ${problems.length - 1} more ${problems.length === 2 ? 'problem' : 'problems'})`}`
}
