import type { Command } from 'commander'
import type { ResolvedConfig } from '../run/config/interface.ts'
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
    .option('-s, --set <key=value>', `${about}one value of the configuration; JSON, or else text`, gather)
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

/** @throws InvalidArgumentError for what is no pair */
export async function runRequest({ name, input = [], output = [], config = [], set = [], seed, image }: RunFlags, command: readonly string[]): Promise<RunRequest> {
  const { nameOfCommand } = await import('../node/run/name-of-command.ts')
  const { loadConfigFiles } = await import('../node/run/load-config.ts')
  return {
    name: name ?? (command.length === 0 ? 'preflight' : nameOfCommand(command)), command,
    inputs: Object.fromEntries(input.map((text) => splitPair(text, '--input', 'train=features@v3'))), outputs: Object.fromEntries(output.map((text) => splitPair(text, '--output', 'model=./out'))),
    config: () => loadConfigFiles({ files: config, environment: process.env, set: parseSettings(set) }),
    ...(seed === undefined ? {} : { seed }), ...(image === undefined ? {} : { image }),
  }
}
