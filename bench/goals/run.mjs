import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { renderGoals } from './render.mjs'

const USAGE = 'Usage: npm run bench:goals -- [<results.json>], by default the last session’s'
const EXIT_MISUSED = 2

/** Prints the goals of a session, and exits with 1 if one is missed. */
try {
  const [file = join(tmpdir(), 'varve-bench', 'last.json')] = process.argv.slice(2)
  const { text, missed } = renderGoals(JSON.parse(readFileSync(file, 'utf8')))
  console.log(text)
  process.exitCode = missed === 0 ? 0 : 1
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
  process.exitCode = EXIT_MISUSED
}
