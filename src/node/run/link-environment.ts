import { existsSync } from 'node:fs'
import { mkdir, symlink } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import type { Capture } from '../../run/capture-interface.ts'

/**
 * Puts a virtual environment of Python that a command named by its path in the code, and that is no code, where it was in another copy of that code: as a link to the one of the project. One that a launcher manages, as uv, is left to
 * that: it would install into the project's.
 * @param top of the copy
 * @param from folder of the project, or one below it
 */
export async function linkEnvironment(top: string, { python }: Pick<Capture, 'python'>, from: string): Promise<void> {
  const environment = python?.command.length === 1 && /[\\/]/.test(python.command[0] ?? '') ? python.environment : null
  // Elsewhere it is where it was. The record may come from anywhere, and nothing is written outside of the copy.
  if (environment === null || isAbsolute(environment) || environment.split(/[\\/]/).includes('..') || existsSync(join(top, environment))) return
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, environment, 'pyvenv.cfg'))) {
      await mkdir(dirname(join(top, environment)), { recursive: true })
      return symlink(join(folder, environment), join(top, environment), 'junction')
    }
    if (dirname(folder) === folder) return
  }
}
