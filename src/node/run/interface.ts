import type { ResolvedConfig } from '../../run/config/interface.ts'
import type { JsonValue } from '../../types.ts'

export interface StartRunOptions {
  /** Counts the runs of one kind: `train` makes train#1, train#2, … Letters, digits, `.`, `_`, `-` in segments joined by `/`. */
  readonly name: string
  /** Datasets that the run reads, by the names that it has for them: any revisions. They are pinned as they are now. */
  readonly inputs?: Readonly<Record<string, string>>
  /** Plain values, all of which then come from the program, or what `resolveConfig` made of several layers. */
  readonly config?: { readonly [key: string]: JsonValue } | ResolvedConfig
  /** What random numbers depend on. Default 0. */
  readonly seed?: number | string
  readonly tags?: readonly string[]
  readonly why?: string
  readonly author?: string
  /** Variables and command line of the program, of which some are recorded, without the secrets that are recognised. Default: those of this process. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  readonly argv?: readonly string[]
  /** The project, whose code and packages are recorded. Default: the working directory. */
  readonly folder?: string
  /** Reading a key of the configuration that was not declared is an error. Default false. */
  readonly strict?: boolean
  /** Digest of the container image that this runs in (`sha256:…`), where it is known. */
  readonly image?: string
}

export interface LogOptions {
  /** Default: one more than that of the call before. */
  readonly step?: number
}
