import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { HashName } from '../cid/interface.ts'
import type { Repository } from '../dataset/repository.ts'
import { NotFoundError } from '../errors.ts'
import { isUrl } from '../remote/is-url.ts'
import type { Storage } from '../storage/interface.ts'
import type { OperationOptions } from '../types.ts'
import { Interruption } from './interruption.ts'
import { Output } from './output.ts'
import { Progress } from './progress.ts'
import { locateRepository, REPOSITORY_FOLDER, type RepositoryLocation } from './repository-location.ts'

/** Options that every verb takes. */
export interface GlobalFlags {
  readonly repo?: string
  readonly json?: boolean
  readonly quiet?: boolean
  readonly color?: boolean
  readonly reconstruct?: boolean
}

/** What long work is given. */
export interface LongOperation extends Required<OperationOptions> {
  /** Count first if that lets a bar show how much is left. */
  readonly countFirst: boolean
}

export const OUTCOMES = {
  stored: 'What was stored is kept: run the same command again to go on.',
  sent: 'What was sent is kept there: run the same command again to go on.',
  unchanged: 'Nothing was changed: run the same command again.',
  derived: 'No result was stored; what units of a map recipe gave that were done is kept: run the same command again.',
  steps: 'Steps that were done are stored, and so is what units of map recipes gave: run the same command again to go on.',
} as const

/** What the verbs share: the terminal, the repository, interruption and progress. */
export class Context {
  readonly output: Output
  readonly interruption: Interruption = new Interruption()
  /** Whether recipes in the repository may be run whenever data is asked for that they can make again. */
  readonly reconstructs: boolean
  readonly #repo: string | undefined

  constructor(flags: GlobalFlags) {
    this.output = new Output({ json: flags.json === true, quiet: flags.quiet === true, color: flags.color !== false })
    this.#repo = flags.repo ?? process.env.VARVE_REPO
    this.reconstructs = flags.reconstruct === true
  }

  locate(): RepositoryLocation {
    return locateRepository(process.cwd(), this.#repo)
  }

  /** Opens the repository; with `damaged`, even one whose state cannot be read. @throws NotFoundError if there is none */
  async open(options: { readonly damaged?: boolean } = {}): Promise<Repository> {
    const { path, named, found } = this.locate()
    if (!found && !named) {
      throw new NotFoundError(`There is no repository in ${process.cwd()} or any folder above it`, { hint: 'Take a snapshot (`varve snapshot <dir>` creates one), go into its folder, or name it with --repo.' })
    }
    const { openRepository } = await import('../remote/lazy/open-repository.ts')
    return openRepository(await this.#storageOrPath(path), { signal: this.interruption.signal, ...options, ...this.#trust() })
  }

  /** Opens the repository, or creates it where there is none. */
  async openOrCreate(location: RepositoryLocation = this.locate(), hash?: HashName): Promise<Repository> {
    const { openRepository } = await import('../remote/lazy/open-repository.ts')
    const repository = await openRepository(await this.#storageOrPath(location.path), { create: true, signal: this.interruption.signal, ...this.#trust(), ...(hash === undefined ? {} : { hash }) })
    if (!location.found && process.stderr.isTTY) this.output.note(`created the repository ${location.path}`)
    // A repository beside the data is no part of the code that git keeps there.
    if (!location.found && basename(location.path) === REPOSITORY_FOLDER) writeFileSync(join(location.path, '.gitignore'), '*\n')
    return repository
  }

  #trust(): { readonly reconstruct?: 'auto' } {
    return this.reconstructs ? { reconstruct: 'auto' } : {}
  }

  /** A folder is opened by its path, so that threads may read it. */
  async #storageOrPath(location: string): Promise<string | Storage> {
    if (!isUrl(location)) return location
    const { storageAt } = await import('../remote/place.ts')
    return storageAt(location, { signal: this.interruption.signal })
  }

  /** Opens the repository if there is one; else a place in memory that is enough to hash with. */
  async openForHashing(): Promise<Repository> {
    if (this.locate().found) return this.open()
    const { openRepository } = await import('../remote/lazy/open-repository.ts')
    const { MemoryStorage } = await import('../storage/memory-storage.ts')
    return openRepository(new MemoryStorage(), { create: true })
  }

  /** Runs long work with progress shown; a signal stops it, and `outcome` says what then becomes of it. */
  async long<T>(outcome: string, work: (operation: LongOperation) => Promise<T>): Promise<T> {
    const progress = new Progress(this.output)
    const { boundYoungGeneration } = await import('./young-generation.ts')
    const unbound = boundYoungGeneration()
    progress.start()
    try {
      return await work({ signal: this.interruption.watch(outcome), onProgress: (event) => progress.onEvent(event), countFirst: progress.shown })
    } finally {
      progress.stop()
      unbound()
    }
  }
}
