import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { nearest } from '../../dataset/near-names.ts'
import { InvalidArgumentError, NotFoundError } from '../../errors.ts'

export interface ProgramPlace {
  /** Where it is to be started. */
  readonly folder: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * That the system will find a program, as the first word of a command, and may start it: so that a misspelt one leaves no run behind. What only the start itself shows, such as an interpreter that a script names and that is
 * not there, fails the run. On Windows, and without a search path, nothing is known before.
 * @throws NotFoundError if there is none, with the near name; InvalidArgumentError for a file that is not executable
 */
export function assertProgram(word: string, { folder, environment }: ProgramPlace): void {
  const path = environment['PATH']
  const isPath = word.includes('/')
  if (process.platform === 'win32' || (path === undefined && !isPath)) return
  // An empty part of the search path is the folder itself.
  const folders = (path ?? '').split(delimiter).map((part) => resolve(folder, part))
  const files = (isPath ? [resolve(folder, word)] : folders.map((part) => join(part, word))).filter(isFile)
  if (files.some(isExecutable)) return
  const [file] = files
  if (file !== undefined) throw new InvalidArgumentError(`${file} is not executable`, { data: { program: word, path: file }, hint: `Name what runs it first, such as python3 ${word}, or make it executable: chmod +x ${word}` })
  throw new NotFoundError(`There is no program "${word}"${isPath ? ` in ${folder}` : ' in the folders of PATH'}`, { data: { program: word }, hint: hintFor(word, { folder, folders, isPath }) })
}

function hintFor(word: string, { folder, folders, isPath }: { readonly folder: string; readonly folders: readonly string[]; readonly isPath: boolean }): string {
  if (/\s/.test(word)) return 'A command is given word by word, without quotes around it: varve run -- node train.mjs'
  if (isPath) return 'Check the path: it counts from the folder that the command is started in.'
  if (isFile(join(folder, word))) return `There is a file ${word} here: name what runs it first, such as python3 ${word}, or write ./${word}`
  // Of names that begin otherwise, almost any is near to a short one.
  const near = nearest(word, folders.flatMap(namesIn).filter((name) => name[0] === word[0]))
  return near === undefined ? 'Check its name, and whether it is installed.' : `Did you mean ${near}?`
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
