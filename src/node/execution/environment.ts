import { delimiter, isAbsolute } from 'node:path'
import { canonicalJson } from '../../codec/canonical-json.ts'
import { InvalidArgumentError } from '../../errors.ts'
import type { RecipeAction } from '../../recipe/interface.ts'
import { foldedPartName } from '../../recipe/names.ts'
import type { JsonValue } from '../../types.ts'
import type { Scratch } from './scratch.ts'

/** 1980-01-01, the earliest that zip files can hold. */
const SOURCE_DATE_EPOCH_SECONDS = 315_532_800
/** Linux takes 128 KiB for one variable with its name, Windows 32 Ki characters for all. */
const MAX_PARAMS_BYTES = process.platform === 'win32' ? 16 * 1024 : 96 * 1024
/** What programs on Windows do not start without. */
const WINDOWS = ['SYSTEMROOT', 'WINDIR', 'COMSPEC', 'PATHEXT']

/** Where programs are looked for: in absolute folders of this process's own path. */
export function searchPath(): string {
  return (process.env['PATH'] ?? '').split(delimiter).filter(isAbsolute).join(delimiter)
}

/** The whole environment of a child process: of this process's own only the search path, and on Windows where the system is. */
export function baseEnvironment(scratch: Pick<Scratch, 'home' | 'tmp'>): Record<string, string> {
  const windows = process.platform === 'win32' ? WINDOWS.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])) : []
  return {
    ...(Object.fromEntries(windows) as Record<string, string>),
    PATH: searchPath(),
    TZ: 'UTC', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8',
    SOURCE_DATE_EPOCH: String(SOURCE_DATE_EPOCH_SECONDS),
    HOME: scratch.home, TMPDIR: scratch.tmp,
    ...(process.platform === 'win32' ? { USERPROFILE: scratch.home, TEMP: scratch.tmp, TMP: scratch.tmp } : {}),
    // Python: the same order of sets in every run, and nothing written beside the code.
    PYTHONHASHSEED: '0', PYTHONDONTWRITEBYTECODE: '1',
  }
}

export interface EnvironmentValues {
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly params: { readonly [key: string]: JsonValue }
  readonly seed: string
}

/**
 * What a program of any language can find its work by: `VARVE_INPUT_<NAME>`, `VARVE_OUTPUT_<NAME>` (upper case, `_` for `-`), `VARVE_PARAMS` (JSON), `VARVE_SEED`. A function, which is
 * given its parameters in another way, has no `VARVE_PARAMS` if they are too long.
 * @throws InvalidArgumentError for a command with parameters that are too long
 */
export function workVariables(kind: RecipeAction['kind'], { inputs, outputs, params, seed }: EnvironmentValues): Record<string, string> {
  const folders = (role: string, paths: Readonly<Record<string, string>>) => Object.entries(paths).map(([name, path]) => [`VARVE_${role}_${foldedPartName(name)}`, path])
  const json = canonicalJson(params, 'The parameters')
  const isTooLong = Buffer.byteLength(json) > MAX_PARAMS_BYTES
  if (isTooLong && kind === 'command') {
    throw new InvalidArgumentError(`The parameters of a command may take ${MAX_PARAMS_BYTES} bytes as JSON, not ${Buffer.byteLength(json)}`, { hint: 'Put what is large into an input.' })
  }
  return {
    ...(Object.fromEntries([...folders('INPUT', inputs), ...folders('OUTPUT', outputs)]) as Record<string, string>),
    ...(isTooLong ? {} : { VARVE_PARAMS: json }), VARVE_SEED: seed,
  }
}
