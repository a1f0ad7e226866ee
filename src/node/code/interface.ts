import type { LockedPackage } from '../../recipe/interface.ts'

/** Local files and packages that a piece of code is made of. The same in every clone of a project but for what are absolute paths here. */
export interface FoundCode {
  /**
   * Absolute path of the deepest folder that holds all files, or, of a command's code, the folder that its words are relative to. A package.json from
   * above it that says no more than the type of modules counts as being in it.
   */
  readonly top: string
  /** Path of the entry module relative to `top`, with `/`; undefined for the code of a command. */
  readonly entry: string | undefined
  /** Sorted by path. */
  readonly files: readonly CodeFile[]
  /** Where local code is found under another name than its own: through symbolic links, as those that workspaces make in node_modules. Sorted by path. */
  readonly links: readonly CodeLink[]
  /** What local modules import and what that depends on, sorted by name, then version. */
  readonly packages: readonly LockedPackage[]
  /** Why the code may load more than is listed here, as `prep.mjs:12: import() of …`, sorted; paths are relative to `top`. */
  readonly open: readonly string[]
  /** What has to be linked into a checkout of the files before it runs, sorted by `at`. It is not part of the code's identity: `packages` is. */
  readonly moduleFolders: readonly ModuleFolder[]
}

export interface CodeFile {
  /** Relative to `top`, with `/`. */
  readonly path: string
  /** As it goes into the manifest: of a package.json only what decides how modules are found and read. */
  readonly content: Uint8Array
  readonly executable: boolean
}

export interface CodeLink {
  /** Relative to `top`, with `/`. */
  readonly path: string
  /** What the link says: relative to the folder it is in, and never out of `top`. */
  readonly target: string
}

export interface ModuleFolder {
  /**
   * Where it must appear, relative to `top`, with `/`: `node_modules/zod`, `lib/node_modules/@scope/name`, or, for a command, `node_modules` itself. What
   * modules find in a node_modules folder above `top` appears in the one of `top`: whoever looks upwards from below passes through it.
   */
  readonly at: string
  /** Absolute path of what is there, with symbolic links followed, so that a package finds its own dependencies beside it. */
  readonly target: string
}
