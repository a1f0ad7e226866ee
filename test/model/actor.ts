import { Repository } from '../../src/dataset/repository.ts'
import { VarveError } from '../../src/errors.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { BlockRepository } from '../../src/repository/index.ts'
import type { InputEntry } from '../../src/dataset/input-entries.ts'
import { contentOf, describeFiles, distinct } from './contents.ts'
import { assertContent } from './invariants.ts'
import type { RefChoice, Step } from './plan.ts'
import type { World } from './world.ts'

const DAY_MS = 24 * 3600 * 1000
/** What a call says that looks at a state without a lease, when a collection without any grace removes it meanwhile. */
const OVERTAKEN = new Set(['NOT_FOUND', 'CORRUPT_BLOCK', 'CORRUPT_OBJECT'])
class BrokenOff extends Error {}

/** A process: a repository that it works with, and one that it opened in the beginning and reads from. */
export class Actor {
  readonly name: string
  readonly #world: World
  #repository: Repository
  #reader: Repository
  /** Snapshots that it took, in the order in which they came about. */
  readonly #taken: { readonly snapshot: string; readonly root: string; readonly message: string }[] = []
  /** Its own refs, and what each holds. */
  readonly #own = new Map<string, { readonly root: string; readonly message: string }>()
  readonly #alongside: Promise<void>[] = []

  private constructor(world: World, name: string, repository: Repository, reader: Repository) {
    this.#world = world
    this.name = name
    this.#repository = repository
    this.#reader = reader
  }

  static async start(world: World, name: string): Promise<Actor> {
    return new Actor(world, name, await open(world, name), await open(world, name))
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#world.began(this.name, step)
      const done = this.#take(step)
      // It must not fail with nobody listening; it is awaited in the end.
      done.catch(() => undefined)
      if (step.type === 'collect' && step.alongside) this.#alongside.push(done)
      else await done
    }
    await Promise.all(this.#alongside)
  }

  async #take(step: Step): Promise<void> {
    switch (step.type) {
      case 'snapshot':
        return this.#snapshot(step)
      case 'tag':
        return this.#moveRef(`${this.name}/first@t${step.tag}`, step.age === 0 ? `${this.name}/first` : `${this.name}/first~1`)
      case 'restore':
        return this.#moveRef(`${this.name}/restored`, this.#taken[step.which % Math.max(1, this.#taken.length)]?.snapshot)
      case 'delete':
        return this.#delete(this.#refName(step.ref))
      case 'read':
        for (const { root, message } of this.#own.values()) await assertContent(this.#reader, root, message)
        return undefined
      case 'reopen':
        this.#repository = await open(this.#world, this.name)
        this.#reader = await open(this.#world, this.name)
        return undefined
      case 'collect':
        return this.#collect(step.keepLast)
      case 'clock':
        this.#world.moveClock(this.name, step.days * DAY_MS)
        return undefined
      case 'die':
        this.#world.dieSoon(this.name, step.afterCalls)
    }
  }

  async #snapshot({ ref: choice, files, breaksOff }: Extract<Step, { type: 'snapshot' }>): Promise<void> {
    const ref = this.#refName(choice)
    const wanted = distinct(files)
    const message = describeFiles(wanted, this.#world.nonce())
    const moved = this.#moving(ref)
    const entries = function* (): Generator<InputEntry> {
      for (const file of wanted) yield { path: String(file.path), content: contentOf(file) }
      if (breaksOff) throw new BrokenOff()
    }
    try {
      const { snapshot, root } = await this.#repository.snapshot(entries(), { ref, message })
      this.#taken.push({ snapshot, root, message })
      if (choice !== 'common') this.#own.set(ref, { root, message })
      this.#world.committed(ref, snapshot)
      moved(snapshot)
    } catch (error) {
      // A session that was given up finds what it wrote deleted before it gets to its commit.
      if (!(error instanceof BrokenOff)) this.#allow(error, 'SESSION_REVOKED', ...(this.#world.clocksMoved ? OVERTAKEN : []))
      moved()
    }
  }

  async #moveRef(name: string, revision: string | undefined): Promise<void> {
    if (revision === undefined) return
    const seen = this.#world.changes
    const moved = this.#moving(name)
    try {
      await this.#repository.blocks.refresh()
      const { snapshot } = await this.#repository.setRef(name, revision, { expected: 'any' })
      moved(snapshot)
    } catch (error) {
      this.#allow(error, 'SESSION_REVOKED', 'NOT_FOUND', ...(seen === this.#world.changes ? [] : OVERTAKEN))
      moved()
    }
  }

  async #delete(ref: string): Promise<void> {
    const seen = this.#world.changes
    const moved = this.#moving(ref)
    try {
      await this.#repository.blocks.refresh()
      await this.#repository.deleteRef(ref)
      this.#own.delete(ref)
      moved(null)
    } catch (error) {
      this.#allow(error, 'SESSION_REVOKED', 'NOT_FOUND', ...(ref === 'common' ? ['REF_CONFLICT'] : []), ...(seen === this.#world.changes ? [] : OVERTAKEN))
      moved()
    }
  }

  async #collect(keepLast: number | undefined): Promise<void> {
    const seen = this.#world.changes
    this.#world.collecting(keepLast)
    try {
      await this.#repository.collectGarbage({ graceMs: 0, ...(keepLast === undefined ? {} : { keepLast }) })
      this.#world.collected++
    } catch (error) {
      // What it says in the end, of a state that others have left behind by then.
      this.#allow(error, 'SESSION_REVOKED', ...(seen === this.#world.changes ? [] : OVERTAKEN))
    }
    await this.#world.check()
  }

  /** Nobody knows where the ref is until the function that is returned is told, or is told nothing, since the ref did not move. */
  #moving(ref: string): (target?: string | null) => void {
    if (ref === 'common') return () => undefined
    const { targets } = this.#world.model
    const before = targets.has(ref) ? targets.get(ref) : null
    targets.set(ref, undefined)
    return (target = before) => void targets.set(ref, target)
  }

  #refName(choice: RefChoice): string {
    return choice === 'common' ? 'common' : `${this.name}/${choice}`
  }

  #allow(error: unknown, ...codes: readonly string[]): void {
    const code = error instanceof VarveError ? error.code : undefined
    if (code === undefined || !codes.includes(code) || (code === 'SESSION_REVOKED' && !this.#world.clocksMoved)) throw error
    if (code === 'SESSION_REVOKED') this.#world.revoked++
  }
}

async function open(world: World, name: string): Promise<Repository> {
  const platform = { ...nodePlatform, now: () => world.now(name) }
  const isGone = ({ host }: { host: string }): boolean => world.scheduler.isDead(host)
  return new Repository(await BlockRepository.open(world.storageFor(name), { platform, writer: { host: name, process: 1 }, isGone }))
}
