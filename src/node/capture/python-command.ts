import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { basename, delimiter, join, resolve } from 'node:path'
import type { Variables } from './git-command.ts'

/** How a command starts an interpreter of Python. */
export interface PythonCommand {
  /** The words that start it and nothing else: `python3`, `uv run python`. */
  readonly words: readonly string[]
  /** Those of its options by which it sees other packages, as `-I` and `-s`. */
  readonly options: readonly string[]
  /** Whether to start it may install first, as uv does whenever it starts something: for the question as for the command right after it, which then finds what was recorded. */
  readonly mayInstall: boolean
}

interface Launcher {
  /** The word that must come before the program. */
  readonly verb?: string
  /** Options that take the next word. */
  readonly valued: ReadonlySet<string>
}

/** Programs that start what is named after their options. */
const LAUNCHERS: ReadonlyMap<string, Launcher> = new Map([
  ['uv', { verb: 'run', valued: new Set(['--with', '--with-editable', '--with-requirements', '--python', '-p', '--extra', '--group', '--no-group', '--only-group', '--package', '--project', '--directory', '--env-file', '--index', '--cache-dir', '--config-file']) }],
  ['poetry', { verb: 'run', valued: new Set(['--directory', '-C', '--project', '-P']) }],
  ['pipenv', { verb: 'run', valued: new Set() }],
  ['pdm', { verb: 'run', valued: new Set(['--project', '-p', '--venv']) }],
  ...['conda', 'mamba', 'micromamba'].map((name) => [name, { verb: 'run', valued: new Set(['--name', '-n', '--prefix', '-p', '--cwd']) }] as const),
  ['env', { valued: new Set(['-u', '--unset', '-C', '--chdir']) }],
  ['nice', { valued: new Set(['-n', '--adjustment']) }],
  ['nohup', { valued: new Set() }],
])
/** Letters of options of the interpreter that take no value, and those of them that hide packages. */
const FLAGS = /^-[bBdEiIOPqsSuvx]+$/
const HIDING = /[EIPsS]/g
const FIRST_LINE_BYTES = 512

/**
 * The interpreter that a command starts: it is the program, a launcher as uv or env starts it, or the program is a script that names it in its first line. Undefined for anything else. Starts nothing.
 * @param folder where the command is started
 */
export function pythonOf(command: readonly string[], { folder, variables }: { readonly folder: string; readonly variables: Variables }): PythonCommand | undefined {
  const [program = '', ...rest] = command
  if (isPython(program)) return { words: [program], options: hidingOptions(rest), mayInstall: false }
  const launcher = LAUNCHERS.get(nameOf(program))
  if (launcher !== undefined) return launched(command, launcher)
  return ofScript(program, folder, variables)
}

function launched(command: readonly string[], { verb, valued }: Launcher): PythonCommand | undefined {
  const isUv = nameOf(command[0] ?? '') === 'uv'
  let needs = verb
  for (let at = 1; at < command.length; at++) {
    const word = command[at] ?? ''
    if (valued.has(word)) at++
    else if (word === needs) needs = undefined
    else if (!word.startsWith('-') && !/^\w+=/.test(word)) {
      if (needs !== undefined) return undefined
      const before = command.slice(0, at)
      const mayInstall = isUv && !before.includes('--no-sync')
      if (isPython(word)) return { words: [...before, word], options: hidingOptions(command.slice(at + 1)), mayInstall }
      return isUv && word.endsWith('.py') ? { words: [...before, 'python'], options: [], mayInstall } : undefined
    }
  }
  return undefined
}

/** Scripts that pip installs, as torchrun, name the interpreter of their environment. */
function ofScript(program: string, folder: string, variables: Variables): PythonCommand | undefined {
  const [interpreter = '', ...words] = firstLine(program, folder, variables)?.slice(2).trim().split(/\s+/) ?? []
  if (isPython(interpreter)) return { words: [interpreter], options: hidingOptions(words), mayInstall: false }
  if (nameOf(interpreter) !== 'env') return undefined
  const [named = '', ...options] = words[0] === '-S' ? words.slice(1) : words
  return isPython(named) ? { words: [named], options: hidingOptions(options), mayInstall: false } : undefined
}

/** The first line of a script that begins with `#!`. Undefined for what is none, or cannot be read. */
function firstLine(program: string, folder: string, variables: Variables): string | undefined {
  const places = /[\\/]/.test(program) ? [resolve(folder, program)] : (variables['PATH'] ?? variables['Path'] ?? '').split(delimiter).filter((place) => place !== '').map((place) => join(place, program))
  const path = places.find((place) => statSync(place, { throwIfNoEntry: false })?.isFile() === true)
  if (path === undefined) return undefined
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = Buffer.alloc(FIRST_LINE_BYTES)
      const line = bytes.toString('latin1', 0, readSync(file, bytes)).split('\n')[0] ?? ''
      return line.startsWith('#!') ? line : undefined
    } finally {
      closeSync(file)
    }
  } catch {
    return undefined
  }
}

function hidingOptions(words: readonly string[]): readonly string[] {
  const end = words.findIndex((word) => !FLAGS.test(word))
  const letters = new Set(words.slice(0, end === -1 ? undefined : end).flatMap((word) => word.match(HIDING) ?? []))
  return letters.size === 0 ? [] : [`-${[...letters].join('')}`]
}

function isPython(word: string): boolean {
  return /^(?:python|pypy)(?:\d+(?:\.\d+)*t?)?(?:\.exe)?$/i.test(basename(word))
}

function nameOf(word: string): string {
  return basename(word).replace(/\.exe$/i, '')
}
