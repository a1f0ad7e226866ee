/** The parameters that decide where content is cut. Two profiles that differ in any number cut differently. */
export interface ChunkerProfile {
  /** Recorded in manifests and in `config.json`. */
  readonly name: string
  /** No cut is looked for before this; only the last chunk of a content may be shorter. Even. */
  readonly minSizeBytes: number
  /** Cuts are rare before this size and frequent after it. A power of two. */
  readonly averageSizeBytes: number
  /** A chunk that reaches this size ends there. */
  readonly maxSizeBytes: number
  /** Bits of the rolling hash that must be 0 for a cut before the average size. */
  readonly maskSmall: bigint
  /** Bits of the rolling hash that must be 0 for a cut from the average size on. */
  readonly maskLarge: bigint
}

/** Finds cuts inside a window of memory that it owns, so that nothing is copied between reading, cutting and storing. */
export interface Cutter {
  readonly profile: ChunkerProfile
  /** The window. The caller fills it; its size never changes. */
  readonly memory: Uint8Array
  /**
   * Length of the first chunk of `memory[offset .. offset + length)`. With fewer bytes than the profile's maximum, the answer is right
   * only if the content ends with them. Arguments are trusted: whole numbers, inside the window. 0 for `length` 0.
   */
  cut(offset: number, length: number): number
}
