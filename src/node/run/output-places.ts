import { existsSync } from 'node:fs'
import { type FolderFacts, readFolderFacts } from '../execution/folder-facts.ts'
import type { EndOptions, Run } from './run.ts'

/** Where a command is to write, absolute, by name, and how that was before it began: what stands there from another run is not its own. */
export class OutputPlaces {
  readonly #places: Readonly<Record<string, string>>
  readonly #before: ReadonlyMap<string, FolderFacts>

  private constructor(places: Readonly<Record<string, string>>, before: ReadonlyMap<string, FolderFacts>) {
    this.#places = places
    this.#before = before
  }

  static async look(places: Readonly<Record<string, string>>): Promise<OutputPlaces> {
    const before = new Map<string, FolderFacts>()
    for (const [name, path] of Object.entries(places)) if (existsSync(path)) before.set(name, await readFolderFacts(path, 'data'))
    return new OutputPlaces(places, before)
  }

  /** Records what was written. A command that says it was done, and did not write all of it, has failed; so has one of which something cannot be stored. */
  async store(run: Run, ended: EndOptions): Promise<EndOptions> {
    const wrong: string[] = []
    for (const [name, path] of Object.entries(this.#places)) {
      if (!existsSync(path)) wrong.push(`the command did not write its output ${name} (${path})`)
      else if (await this.#isUntouched(name, path)) wrong.push(`the command did not write its output ${name}: ${path} is as it was before`)
      else {
        try {
          await run.artifact(name, path)
        } catch (error) {
          wrong.push(`its output ${name} could not be stored: ${error instanceof Error ? error.message : String(error)}`)
        }
      }
    }
    return ended.status !== 'succeeded' || wrong.length === 0 ? ended : { ...ended, status: 'failed', reason: wrong.join('; ') }
  }

  async #isUntouched(name: string, path: string): Promise<boolean> {
    const before = this.#before.get(name)
    if (before === undefined) return false
    const now = await readFolderFacts(path, 'data')
    return now.size === before.size && [...now].every(([place, facts]) => before.get(place) === facts)
  }
}
