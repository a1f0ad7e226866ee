import { mkdirSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { InvalidArgumentError } from '../../../errors.ts'
import type { RecipeDefinition } from '../../../recipe/define-recipe.ts'
import type { CallReport, FunctionWork, UnitWork } from '../protocol.ts'
import { AllowedModules } from './allowed-modules.ts'
import type { Channel } from './channel.ts'
import { loadExport } from './load-export.ts'
import { LoadedModules } from './loaded-modules.ts'
import { OpenWork } from './open-work.ts'
import { deepFreeze, explainPart, recipeContext } from './recipe-context.ts'
import { SeededMath } from './seeded-math.ts'
import { assertSettled } from './settled-outputs.ts'

/** Loads a function once and calls it for one unit after the other. What it says of each is in the order in which they came. */
export class FunctionRunner {
  readonly #work: FunctionWork
  readonly #channel: Channel
  readonly #math: SeededMath
  readonly #modules = new LoadedModules()
  readonly #stop = new AbortController()
  readonly #loaded: Promise<{ readonly definition: RecipeDefinition; readonly allowed: AllowedModules }>
  #calls: Promise<void> = Promise.resolve()
  #hasFailed = false

  constructor(work: FunctionWork, channel: Channel) {
    this.#work = { ...work, params: deepFreeze(work.params) }
    this.#channel = channel
    this.#math = new SeededMath(work.seed, work.name)
    this.#loaded = this.#load()
    // The first call reports it.
    this.#loaded.catch(() => {})
    process.on('uncaughtException', (error) => void this.#fail(error))
    // Also where code of the recipe has a listener for these, which alone would make them harmless.
    process.on('unhandledRejection', (reason) => void this.#fail(reason))
    process.on('beforeExit', () => void this.#fail(new Error('run() never settled: it waits for something that nothing is left to bring about')))
  }

  call(unit: UnitWork): void {
    this.#calls = this.#calls.then(() => this.#call(unit))
  }

  stop(reason: string): void {
    this.#stop.abort(new Error(reason))
  }

  async #load(): Promise<{ definition: RecipeDefinition; allowed: AllowedModules }> {
    const allowed = new AllowedModules(await realpath(this.#work.folder), this.#work.packages)
    const { definition } = await loadExport(this.#work)
    return { definition, allowed }
  }

  async #call(unit: UnitWork): Promise<void> {
    // What was sent ahead is not wanted any more.
    if (this.#hasFailed) return
    this.#channel.keepsAlive(false)
    try {
      const { definition } = await this.#loaded
      if (unit.part !== null) {
        this.#math.beginUnit(unit.part.name)
        for (const folder of Object.values(unit.outputs)) mkdirSync(folder, { recursive: true })
      }
      const progress = (done: number, total?: number) => this.#channel.send({ type: 'progress', done, ...(total === undefined ? {} : { total }) })
      const open = new OpenWork(unit.part?.name, (error) => void this.#fail(error))
      const returned: unknown = await definition.run(recipeContext(this.#work, unit, { open, signal: this.#stop.signal, progress }))
      this.#channel.keepsAlive(true)
      open.end()
      assertNothing(returned)
      // What it began and did not wait for may go on to a read or a write in there, or fail.
      await assertSettled(unit.outputs)
      const report = await this.#report()
      await flushed()
      if (!this.#hasFailed) this.#channel.send({ type: 'done', ...report })
    } catch (error) {
      await this.#fail(explainPart(error, unit.part))
    }
  }

  /** Names files as the project does: the folder that they are in here is gone when somebody reads it. */
  #withoutFolder(text: string): string {
    const folder = join(this.#work.folder, '/')
    return text.replaceAll(pathToFileURL(folder).href, '').replaceAll(folder, '')
  }

  /** Also for what goes wrong aside, be it while nothing is called: then it is the answer to the next call. */
  async #fail(error: unknown): Promise<void> {
    this.#channel.keepsAlive(true)
    if (this.#hasFailed) return
    this.#hasFailed = true
    // Of a module that cannot be loaded, where in it the trouble is.
    process.stderr.write(`${this.#withoutFolder(inspect(error instanceof InvalidArgumentError ? (error.cause ?? error) : error))}\n`)
    const report = await this.#report()
    await flushed()
    this.#channel.send({ type: 'failed', message: error instanceof Error ? messageOf(error) : `it threw ${inspect(error)}`, ...report })
  }

  async #report(): Promise<CallReport> {
    const mathRandomCalls = this.#math.takeCalls()
    const loaded = await this.#loaded.catch(() => undefined)
    return { mathRandomCalls, foreign: loaded?.allowed.foreignOf(this.#modules.take()) ?? [] }
  }
}

/** Of several writes, `Promise.all` gives a list of nothing. @throws Error for what would be lost */
function assertNothing(returned: unknown): void {
  if (returned === undefined || returned === null || (Array.isArray(returned) && returned.every((value) => value === undefined))) return
  throw new Error(`run() returned ${inspect(returned, { depth: 0, maxStringLength: 40, maxArrayLength: 3, breakLength: Infinity })}, which is kept nowhere: write it to an output, and return nothing`)
}

function messageOf(error: Error): string {
  return error.name === 'Error' || error.name === 'InvalidArgumentError' ? error.message : `${error.name}: ${error.message}`
}

/** Pipes may be written in the background; what was written before is there when these callbacks come. */
async function flushed(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))))
}
