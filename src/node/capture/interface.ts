import type { CID } from '../../cid/cid.ts'
import type { Session } from '../../repository/session.ts'
import type { Capture } from '../../run/capture-interface.ts'
import type { CodeCachePlace } from './code-cache.ts'
import type { Variables } from './git-command.ts'

export interface CaptureOptions {
  /** Takes the code. Nothing leads to it before the session commits something that does. */
  readonly session: Session
  /** Name of the chunker profile of the repository. */
  readonly chunker: string
  /** Folder of the repository, which is no part of the code. */
  readonly repositoryFolder?: string | undefined
  /** The command line of the program, as `process.argv`. */
  readonly argv: readonly string[]
  /** The words of a command that is about to be started in the folder, if there is one: the interpreter of Python that it starts is asked what is installed. */
  readonly command?: readonly string[] | null
  /** Variables of the program, as `process.env`: what is recorded of them is in `recordedVariables`, and git and nvidia-smi are looked for in their path. */
  readonly variables: Variables
  /** Names of more variables to record. */
  readonly alsoRecord?: readonly string[]
  /** Digest of the container image, if the caller knows it: `sha256:…` or `name@sha256:…`. */
  readonly image?: string | undefined
  /** Root of the code of a run before, so that what changed a little is stored as a delta. */
  readonly before?: CID | undefined
  /** Remembers what files held, so that those which stand as they did are not read again. Default: every file is read every time. */
  readonly cache?: Pick<CodeCachePlace, 'folder' | 'identity' | 'trustAfterMs'> | undefined
  /** What is no part of the code unless git tracks it: files and folders that the run writes, relative to the folder. */
  readonly leaveOut?: readonly string[]
  /** Most bytes of code. Default 200,000,000. */
  readonly maxBytes?: number
  /** Longest that one git command may take. Default 30,000. */
  readonly gitTimeoutMs?: number
  /** Longest that is waited for nvidia-smi, and for the metadata of a container. Default 2,000. */
  readonly probeTimeoutMs?: number
  /** Longest that is waited for an interpreter of Python. Default 10,000; 300,000 where uv starts it, which may install what is locked first, as it will for the command. */
  readonly pythonTimeoutMs?: number
  /** Where temporary files go. Default: the system's folder for them. */
  readonly scratchFolder?: string
  readonly signal?: AbortSignal
}

/** The working tree as a manifest. */
export interface CapturedCode {
  readonly root: CID
  readonly files: number
  /** Sum of the sizes of files. */
  readonly bytes: number
  /** Where the run was started, from the top of the tree, with `/`; empty for the top itself. */
  readonly folder: string
}

export interface CapturedRun {
  readonly capture: Capture
  /** Null if there was none to store; `capture.missing` says why. */
  readonly code: CapturedCode | null
}

/** Code, or why there is none, or what is not in it. */
export interface StoredCode {
  readonly code: CapturedCode | null
  readonly missing: readonly string[]
  readonly redacted: readonly string[]
}
