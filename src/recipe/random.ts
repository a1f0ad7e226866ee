/** A stream of random numbers that is decided by its key. */
export interface Random {
  /** 64 bits. */
  nextBigUint64(): bigint
  /** A multiple of 2^-53, at least 0 and below 1. */
  nextFloat(): number
  /** A whole number from 0 to `below` - 1, each as likely as the others; `below` is from 1 to 2^53 - 1. */
  nextInt(below: number): number
  /** The items in random order, in an array of their own (Fisher and Yates). */
  shuffle<T>(items: readonly T[]): T[]
}
