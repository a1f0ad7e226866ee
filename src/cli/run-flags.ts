import type { Command } from 'commander'
import { InvalidArgumentError } from '../errors.ts'
import type { ResolvedConfig } from '../run/config/interface.ts'
import { type StrayVariable, strayVariables } from '../run/config/undeclared.ts'
import { gather, parseSettings, splitPair } from './setting.ts'

/** What a run is begun with: the options of `varve run`, and of what looks at a run before it is begun. */
export interface RunFlags {
  readonly name?: string
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly config?: readonly string[]
  readonly set?: readonly string[]
  readonly seed?: string
  readonly image?: string
}

export const RUN_FLAGS: readonly (keyof RunFlags)[] = ['name', 'input', 'output', 'config', 'set', 'seed', 'image']

/** @param about begins their descriptions: `preflight: `, or nothing */
export function addRunOptions(command: Command, about = ''): Command {
  return command
    .option('--name <name>', `${about}what runs of this kind are called (default: that of the script, or of the program)`)
    .option('-i, --input <name=rev>', `${about}a dataset that the run reads; its folder is in VARVE_INPUT_<NAME> and {inputs.name}`, gather)
    .option('-o, --output <name=path>', `${about}a file or folder that it writes, which becomes an artifact`, gather)
    .option('-c, --config <file>', `${about}configuration, YAML or JSON; later files override earlier ones`, gather)
    .option('-s, --set <key=value>', `${about}one value of the configuration; JSON, or else text; +key=value for a key that no --config file has`, gather)
    .option('--seed <seed>', `${about}what random numbers depend on (default: 0)`)
    .option('--image <digest>', `${about}the container image that this runs in, as sha256:…`)
}

export interface RunRequest {
  readonly name: string
  readonly command: readonly string[]
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  /** Reads the files; what is wrong with them is thrown then. */
  readonly config: () => Promise<ResolvedConfig>
  readonly seed?: string
  readonly image?: string
}

/** What begins a setting of a key that need not be there yet; of two, the second belongs to the name. */
const ADDED = '+'

export interface RequestOptions {
  /** Told what may be a mistake. Without it, and with what it would be told, there is no configuration. */
  readonly warn?: (sentence: string) => void
}

/** @throws InvalidArgumentError for what is no pair */
export async function runRequest({ name, input = [], output = [], config = [], set = [], seed, image }: RunFlags, command: readonly string[], { warn }: RequestOptions = {}): Promise<RunRequest> {
  const { nameOfCommand } = await import('../node/run/name-of-command.ts')
  const { loadConfigFiles } = await import('../node/run/load-config.ts')
  return {
    name: name ?? (command.length === 0 ? 'preflight' : nameOfCommand(command)), command,
    inputs: Object.fromEntries(input.map((text) => splitPair(text, '--input', 'train=features@v3'))), outputs: Object.fromEntries(output.map((text) => splitPair(text, '--output', 'model=./out'))),
    config: async () => {
      const added = set.filter((text) => text.startsWith(ADDED)).map((text) => text.slice(ADDED.length))
      const resolved = await loadConfigFiles({ files: config, environment: process.env, set: parseSettings(set.map((text) => (text.startsWith(ADDED) ? text.slice(ADDED.length) : text))), added: parseSettings(added) })
      if (config.length > 0) for (const stray of strayVariables(resolved)) tellOf(stray, warn)
      return resolved
    },
    ...(seed === undefined ? {} : { seed }), ...(image === undefined ? {} : { image }),
  }
}

function tellOf({ variable, key, suggestion }: StrayVariable, warn: RequestOptions['warn']): void {
  const sentence = `${variable} sets "${key}", a key that no file of configuration has${suggestion}`
  if (warn === undefined) throw new InvalidArgumentError(sentence, { data: { variable, key }, hint: `Correct its name, or unset it: unset ${variable}` })
  warn(sentence)
}
