import { readFileSync } from 'node:fs'
import type { RunProcess } from '../../run/interface.ts'
import type { RunFiles } from './run-folder.ts'

/** The process of a run's command, as its supervisor noted it; undefined if it noted none here. */
export function commandOf({ command }: Pick<RunFiles, 'command'>): RunProcess | undefined {
  try {
    return JSON.parse(readFileSync(command, 'utf8')) as RunProcess
  } catch {
    return undefined
  }
}
