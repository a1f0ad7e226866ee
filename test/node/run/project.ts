import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Repository } from '../../../src/dataset/repository.ts'
import { openRepository, type OpenOptions } from '../../../src/node/open-repository.ts'
import { type SuperviseOptions, type SupervisedResult, superviseRun } from '../../../src/node/run/supervise-run.ts'

/** A folder with a script, and a repository in it. */
export class Project {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'varve-run-'))
  readonly #opened: Repository[] = []

  write(path: string, content: string | Uint8Array): string {
    const place = join(this.folder, path)
    mkdirSync(dirname(place), { recursive: true })
    writeFileSync(place, content)
    return place
  }

  async open(options: OpenOptions = {}): Promise<Repository> {
    const repository = await openRepository(join(this.folder, '.varve'), { create: true, ...options })
    this.#opened.push(repository)
    return repository
  }

  /** Runs a script of the folder as `train`, and gives what it wrote too. */
  async supervise(repository: Repository, script: string, options: Partial<SuperviseOptions> = {}): Promise<SupervisedResult & { readonly stdout: string; readonly stderr: string }> {
    const written = { stdout: '', stderr: '' }
    const result = await superviseRun(repository, {
      name: 'train', command: [process.execPath, script], folder: this.folder, environment: { PATH: process.env['PATH'] }, onOutput: (stream, bytes) => void (written[stream] += Buffer.from(bytes).toString()), ...options,
    })
    return { ...result, ...written }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const repository of this.#opened) await repository.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
