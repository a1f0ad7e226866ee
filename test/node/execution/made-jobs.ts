import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { processExecutor } from '../../../src/node/execution/executor.ts'
import type { ExecutionJob, ExecutionOutcome, Executor } from '../../../src/node/execution/interface.ts'
import { makeScratch, type Scratch } from '../../../src/node/execution/scratch.ts'

export type Files = Readonly<Record<string, string>>

export async function writeFiles(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
}

/** A folder for each test of a file, and jobs in it. */
export class Workshop {
  parent = ''

  constructor() {
    beforeEach(async () => void (this.parent = await mkdtemp(join(tmpdir(), 'varve-execution-'))))
    afterEach(() => rm(this.parent, { recursive: true, force: true }))
  }

  async scratch(code: Files, inputs: Readonly<Record<string, Files>> = {}): Promise<Scratch> {
    const scratch = await makeScratch(this.parent)
    await writeFiles(scratch.code, code)
    for (const [name, files] of Object.entries(inputs)) await writeFiles(scratch.input(name), files)
    return scratch
  }

  /** Runs `export const recipe = { …, run }` of a module with this body of `run`. */
  async runFunction(body: string, options: Partial<ExecutionJob> & { readonly code?: Files; readonly files?: Files; readonly top?: string; readonly executor?: Executor } = {}): Promise<ExecutionOutcome> {
    const { code = {}, files = { 'a.txt': 'a' }, top = '', executor = processExecutor, ...rest } = options
    const module = `${top}\nexport const recipe = { name: 'test', inputs: ['raw'], outputs: ['out'], async run({ inputs, outputs, params, rng, seed, signal, log, progress, file }) {\n${body}\n} }`
    const scratch = await this.scratch({ 'recipe.mjs': module, ...code }, { raw: files })
    return executor.execute({ ...this.#defaults(scratch), action: { kind: 'function', module: 'recipe.mjs', exportName: 'recipe' }, ...rest })
  }

  async runCommand(words: readonly string[], options: Partial<ExecutionJob> & { readonly code?: Files } = {}): Promise<ExecutionOutcome> {
    const { code = {}, ...rest } = options
    const scratch = await this.scratch(code, { raw: { 'a.txt': 'a' } })
    return processExecutor.execute({ ...this.#defaults(scratch), action: { kind: 'command', words }, ...rest })
  }

  #defaults(scratch: Scratch): Omit<ExecutionJob, 'action'> {
    return { scratch, name: 'test', inputs: ['raw'], outputs: ['out'], params: {}, seed: '7' }
  }
}

/** What a run gave: the text of a file of its output. */
export function outputOf({ stdout }: ExecutionOutcome, path: string): Promise<string> {
  return readFile(join(dirname(stdout), '..', 'outputs', 'out', path), 'utf8')
}
