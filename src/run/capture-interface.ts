/** What was found out about code and machine when a run began. What could not be found out is null, and `missing` says why. */
export interface Capture {
  readonly git: GitState | null
  /** What is in the working tree and counts as no code, though git does not ignore it: what the run writes, the repository of varve, virtual environments of Python. Paths from the top of the code, with `/`; what git tracks below them is code. */
  readonly leftOut: readonly string[]
  /** Of the world that the run belongs to: of Python if a command starts that, else of npm. */
  readonly packages: PackageState | null
  /** Null for a run that starts no Python by its command, or one that could not be asked. */
  readonly python: PythonState | null
  readonly runtime: RuntimeState
  readonly container: ContainerState | null
  /** Variables of an allowlist, by name. */
  readonly environment: Readonly<Record<string, string>>
  readonly argv: readonly string[]
  readonly ci: CiState | null
  /** One sentence for each thing that could not be captured. */
  readonly missing: readonly string[]
  /** Where secrets were left out: `argv[3]`, `git.remotes.origin`. */
  readonly redacted: readonly string[]
}

export interface GitState {
  /** Null before the first commit. */
  readonly commit: string | null
  readonly branch: string | null
  /** Without user names and passwords. */
  readonly remotes: Readonly<Record<string, string>>
  /** Whether a remote branch that is known here has the commit. */
  readonly isPushed: boolean
  /** Paths, relative to the top of the working tree, that differ from the commit, with how (`git status --porcelain=v2` codes: `M.`, `.M`, `??`). Empty: the tree is clean. */
  readonly dirty: readonly { readonly path: string; readonly status: string }[]
  /** SHA-1 or SHA-256 of the tree that `git add -A` would give; null if it could not be made. */
  readonly tree: string | null
  readonly submodules: readonly { readonly path: string; readonly commit: string; readonly isDirty: boolean }[]
}

export interface PackageState {
  /** Path of the lock file relative to the project, and SHA-256 of its bytes in hex. */
  readonly lockFile: { readonly path: string; readonly sha256: string } | null
  readonly installed: readonly { readonly name: string; readonly version: string; readonly integrity: string | null }[]
  /** In what the two differ: `zod: locked 4.1.0, installed 4.0.9`. */
  readonly differences: readonly string[]
}

/** The interpreter that a command starts. Paths that are part of the code are told from its top, with `/`. */
export interface PythonState {
  /** The words that start it: `python3`, or `uv run python`. */
  readonly command: readonly string[]
  /** `CPython`. */
  readonly implementation: string
  readonly version: string
  readonly executable: string
  /** Folder of the virtual environment; null where it is none. */
  readonly environment: string | null
  /** Whether the lock file has a hash for each distribution that is installed. What pip installed it does not note. */
  readonly isHashed: boolean
}

export interface RuntimeState {
  /** `process.versions`. */
  readonly versions: Readonly<Record<string, string>>
  readonly execArgv: readonly string[]
  readonly platform: string
  readonly architecture: string
  readonly system: string
  readonly cpu: { readonly model: string; readonly threads: number }
  readonly memoryBytes: number
  readonly libc: string | null
  /** One line a device, as nvidia-smi says it; null where there is none, or no telling. */
  readonly gpus: readonly string[] | null
}

export interface ContainerState {
  /** `sha256:…`. */
  readonly digest: string
  /** How it is known: `option`, `VARVE_IMAGE`, `ecs`, `docker`, `kubernetes`. */
  readonly source: string
}

export interface CiState {
  readonly system: string
  readonly run: string | null
  readonly url: string | null
}
