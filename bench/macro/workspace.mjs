import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/** Copies of a corpus that one run holds at most: repositories and targets of all subjects, plus a tenth. C has more repositories. */
const COPIES_IN_A_RUN = 9
const COPIES_IN_A_RUN_OF_C = 13
/** Copies that stay until the end: the targets of a corpus of many files. */
const COPIES_LEFT_BY_A_RUN = 5.1
/** More of them, and all stay, where a server takes part: objects, clones, and the peers' own. */
const COPIES_WITH_A_SERVER = 12
const FILE_SYSTEM_BLOCK_BYTES = 4096
const FEW_FILES = 100

/**
 * The folder of one session of the bench. Every trial gets new folders in it, and those of many files are not removed before the end, because
 * ext4 creates files several times slower for a while after many were deleted.
 */
export class Workspace {
  /** @type {string} */
  #folder
  /** What serves the remotes of all places. @type {import('../network/server.mjs').Server | undefined} */
  server

  /** @param {string} work */
  constructor(work) {
    mkdirSync(join(work, 'corpora'), { recursive: true })
    this.#folder = mkdtempSync(join(work, 'session-'))
  }

  /** Path of a file for short-lived notes; not there yet. */
  get scratch() {
    return join(this.#folder, 'scratch')
  }

  /** Where a server keeps its objects; not there yet. */
  get serverFolder() {
    return join(this.#folder, 'server')
  }

  /**
   * New folders for a subject.
   * @param {import('./corpora.mjs').Corpus} corpus
   * @param {string} name not used before in this session
   * @returns {import('./subjects.mjs').Place}
   */
  place(corpus, name) {
    const home = join(this.#folder, corpus.name, name)
    const place = { corpus: corpus.folder, inserted: corpus.inserted, changed: corpus.changed, repository: join(home, 'repository'), cache: join(home, 'cache'), target: join(home, 'target'), clone: join(home, 'clone'), remote: this.#remote(`${corpus.name}-${name}`) }
    for (const folder of [place.cache, place.target]) mkdirSync(folder, { recursive: true })
    return place
  }

  /** @param {string} name */
  #remote(name) {
    if (this.server === undefined) return undefined
    const { endpoint, bucket } = this.server
    return { endpoint, bucket, prefix: name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-') }
  }

  /**
   * @param {import('./corpora.mjs').Corpus[]} corpora in the order of measuring
   * @param {number} runs
   * @throws Error if the session may not fit
   */
  assertRoom(corpora, runs) {
    const { bavail, bsize } = statfsSync(this.#folder)
    let [needed, lasting] = [0, 0]
    for (const corpus of corpora) {
      const size = sizeOfCopy(corpus)
      const leftByARun = isOfFewFiles(corpus) ? 0 : size * (COPIES_LEFT_BY_A_RUN + (this.server === undefined ? 0 : COPIES_WITH_A_SERVER))
      needed = Math.max(needed, lasting + leftByARun * (runs - 1) + size * (corpus.name === 'C' ? COPIES_IN_A_RUN_OF_C : COPIES_IN_A_RUN + (this.server === undefined ? 0 : COPIES_WITH_A_SERVER)))
      lasting += leftByARun * runs
    }
    if (needed > bavail * bsize) {
      throw new Error(`This may take ${gigabytes(needed)} GB, and ${gigabytes(bavail * bsize)} GB are free. Take fewer --corpora or --runs, a smaller --scale, or another --work.`)
    }
  }

  /**
   * Makes room after a run. Repositories are few files, and so is C: to remove them slows nothing.
   * @param {import('./corpora.mjs').Corpus} corpus
   * @param {readonly import('./subjects.mjs').Place[]} places
   */
  finishRun(corpus, places) {
    for (const { repository, target } of places) {
      rmSync(repository, { recursive: true, force: true })
      if (isOfFewFiles(corpus)) rmSync(target, { recursive: true, force: true })
    }
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** @param {import('./corpora.mjs').Corpus} corpus */
const isOfFewFiles = ({ files }) => files <= FEW_FILES

/** Bytes. @param {import('./corpora.mjs').Corpus} corpus */
const sizeOfCopy = ({ bytes, files }) => bytes + (files * FILE_SYSTEM_BLOCK_BYTES) / 2

/** @param {number} bytes */
const gigabytes = (bytes) => (bytes / 1e9).toFixed(1)
