import { cidText } from '../../cid/cid.ts'
import { fillWords } from '../../recipe/command-words.ts'
import type { Capture } from '../../run/capture-interface.ts'
import type { FoundRun } from '../../run/find-run.ts'
import { runVariables } from '../../run/run-variables.ts'
import { pythonInstall } from './python-packages.ts'

export interface FetchedCommand {
  readonly words: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  /** Where it is started. */
  readonly folder: string
}

/** The command of a run that was brought back into a folder; undefined if it had none. @param here the folder, as whoever starts the command calls it */
export function fetchedCommand({ start, started }: FoundRun, here: string): FetchedCommand | undefined {
  const { command, cwd, inputs, outputs, seed, config } = started
  if (command === null) return undefined
  const folder = [here, 'code', cwd].filter((part) => part !== '').join('/')
  const places = {
    inputs: Object.fromEntries(inputs.map(({ name }) => [name, `${here}/inputs/${name}`])),
    outputs: Object.fromEntries(outputs.map(({ name, path }) => [name, `${here}/outputs/${name}/${path.split(/[\\/]/).findLast((part) => part !== '') ?? name}`])),
  }
  return {
    words: fillWords(command, { ...places, params: config.values, paramsName: 'config', seed }), folder,
    variables: runVariables({ ...places, run: cidText(start), seed, config: `${here}/config.json`, metrics: `${here}/metrics.jsonl` }),
  }
}

const HERE = '\u0000here\u0000'

/** A script of a POSIX shell that starts it, wherever the folder is; undefined for a run without a command. */
export function runScript(run: FoundRun): string | undefined {
  const command = fetchedCommand(run, HERE)
  if (command === undefined) return undefined
  const outputs = run.started.outputs.map(({ name }) => `mkdir -p ${quoted(`${HERE}/outputs/${name}`)}`)
  return `${['#!/bin/sh', 'set -eu', 'here=$(cd "$(dirname "$0")" && pwd)', ...Object.entries(command.variables).map(([name, value]) => `export ${name}=${quoted(value)}`), ...outputs, `cd ${quoted(command.folder)}`, `exec ${command.words.map(quoted).join(' ')}`].join('\n')}\n`
}

function quoted(word: string): string {
  return `"${word.replaceAll(/[\\"$`]/g, String.raw`\$&`).replaceAll(HERE, '$here')}"`
}

/** Lines of a Dockerfile: the folder as a whole is at /run. */
export function dockerfile(run: FoundRun, image: string): string {
  const { label, started } = run
  const command = fetchedCommand(run, '/run')
  const install = installLines(started.capture)
  const variables = Object.entries(command?.variables ?? {}).map(([name, value]) => `ENV ${name}=${JSON.stringify(value)}`)
  const outputs = started.outputs.map(({ name }) => `RUN mkdir -p /run/outputs/${name}`)
  return `${[`# ${label}`, `FROM ${image}`, 'COPY . /run', 'WORKDIR /run/code', ...install, ...outputs, ...variables, `WORKDIR ${command?.folder ?? '/run/code'}`, ...(command === undefined ? [] : [`CMD ${JSON.stringify(command.words)}`])].join('\n')}\n`
}

function installLines({ python, packages }: Capture): readonly string[] {
  if (python !== null) return [pythonInstall(python, '/run')]
  const lock = packages?.lockFile?.path.split('/').at(-1)
  if (lock === 'package-lock.json' || lock === 'npm-shrinkwrap.json') return ['RUN npm ci']
  return lock?.endsWith('.txt') === true ? [`RUN pip install --no-cache-dir -r ${JSON.stringify(lock)}`] : []
}
