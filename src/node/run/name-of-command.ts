import { basename } from 'node:path'
import { defaultRefName } from '../../dataset/default-ref-name.ts'

/** Programs that run what comes after them. */
const LAUNCHERS = /^(node|deno|bun|tsx|python[\d.]*|ruby|perl|bash|sh|npx|uv|Rscript|julia)(\.exe)?$/

/** What runs of a command are called: the name of the script that a launcher is given, without its ending, else that of the program. */
export function nameOfCommand(words: readonly string[]): string {
  const [program = '', ...rest] = words
  const script = LAUNCHERS.test(basename(program)) ? rest.find((word) => !word.startsWith('-') && word !== 'run' && !LAUNCHERS.test(basename(word))) : undefined
  const name = basename(script ?? program)
  return defaultRefName(script === undefined ? name : name.replace(/\.[^.]+$/, ''))
}
