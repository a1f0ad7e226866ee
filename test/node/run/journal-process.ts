import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll } from 'vitest'

/** Numbers of one call of `report`. */
export type Reported = readonly number[]

/** Programs that log metrics, as processes of their own. */
export class JournalProcesses {
  folder = ''

  constructor() {
    beforeAll(async () => {
      this.folder = await mkdtemp(join(tmpdir(), 'varve-journal-'))
      await build({ entryPoints: [resolve('src/node/run/metric-journal.ts')], bundle: true, outfile: join(this.folder, 'metric-journal.mjs'), platform: 'node', format: 'esm', target: 'node20' })
    })
    afterAll(() => rm(this.folder, { recursive: true, force: true }))
  }

  /**
   * Runs code with a `journal` and a `report`, which says some numbers, and kills it with SIGKILL as soon as `isDue` says so of all that it has reported.
   * Returns what it has reported, a row a call.
   */
  async killed(name: string, code: string, isDue: (reported: readonly Reported[]) => boolean): Promise<readonly Reported[]> {
    const program = join(this.folder, `${name}.mjs`)
    const head = `import { writeSync } from 'node:fs'\nimport { MetricJournal } from './metric-journal.mjs'\nconst journal = MetricJournal.create(${JSON.stringify(this.journal(name))})\nconst report = (...numbers) => writeSync(1, numbers.join(' ') + '\\n')\n`
    await writeFile(program, head + code)
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    let text = ''
    for await (const chunk of child.stdout) {
      text += String(chunk)
      if (isDue(reportedIn(text))) child.kill('SIGKILL')
    }
    const signal = await ended
    if (signal !== 'SIGKILL') throw new Error(`The program was not killed, it ended: ${signal ?? 'by itself'}`)
    return reportedIn(text)
  }

  journal(name: string): string {
    return join(this.folder, `${name}.journal`)
  }
}

/** Whole lines alone. */
function reportedIn(text: string): readonly Reported[] {
  return text.split('\n').slice(0, -1).map((line) => line.split(' ').map(Number))
}
