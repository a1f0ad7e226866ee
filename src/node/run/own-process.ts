import type { CaptureOptions } from '../capture/interface.ts'

/** Command line and environment of this process: of a run, they are what is to be recorded, and how git is found. What is kept of them is on an allowlist (`capture/recorded-variables.ts`), without secrets. */
export function ownProcess(): Pick<CaptureOptions, 'argv' | 'variables'> {
  return { argv: process.argv, variables: process.env }
}
