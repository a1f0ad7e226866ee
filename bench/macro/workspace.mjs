import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/** Copies of a corpus that one run leaves behind, at most: repositories and targets of all subjects. */
const COPIES_A_RUN = 12
const FILE_SYSTEM_BLOCK_BYTES = 4096

/**
 * The folder of one session of the bench. Every trial gets new folders in it and none is removed before the end, because ext4 creates files
 * several times slower for a while after many were deleted.
 */
export class Workspace {
  /** @type {string} */
  #folder

  /** @param {string} work */
  constructor(work) {
    mkdirSync(join(work, 'corpora'), { recursive: true })
    this.#folder = mkdtempSync(join(work, 'session-'))
  }

  /** Path of a file for short-lived notes; not there yet. */
  get scratch() {
    return join(this.#folder, 'scratch')
  }

  /**
   * New folders for a subject.
   * @param {string} corpus its folder
   * @param {string} name not used before in this session
   * @returns {import('./subjects.mjs').Place}
   */
  place(corpus, name) {
    const home = join(this.#folder, name)
    const place = { corpus, repository: join(home, 'repository'), cache: join(home, 'cache'), target: join(home, 'target') }
    for (const folder of [place.cache, place.target]) mkdirSync(folder, { recursive: true })
    return place
  }

  /**
   * @param {import('./corpora.mjs').Corpus[]} corpora
   * @param {number} runs
   * @throws Error if the session may not fit
   */
  assertRoom(corpora, runs) {
    const { bavail, bsize } = statfsSync(this.#folder)
    const needed = corpora.reduce((sum, { bytes, files }) => sum + bytes + files * FILE_SYSTEM_BLOCK_BYTES, 0) * COPIES_A_RUN * runs
    if (needed > bavail * bsize) {
      throw new Error(`This may take ${gigabytes(needed)} GB, and ${gigabytes(bavail * bsize)} GB are free. Take fewer --corpora or --runs, a smaller --scale, or another --work.`)
    }
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** @param {number} bytes */
const gigabytes = (bytes) => (bytes / 1e9).toFixed(1)
