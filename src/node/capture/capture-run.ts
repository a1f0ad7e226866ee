import type { PythonState } from '../../run/capture-interface.ts'
import { redactArguments, redactText } from '../../run/redact.ts'
import { askPython } from './ask-python.ts'
import { captureCode } from './capture-code.ts'
import { ciState } from './ci-state.ts'
import { containerState } from './container-state.ts'
import type { CapturedRun, CaptureOptions } from './interface.ts'
import { type FoundPackageState, packageState } from './package-state.ts'
import { pythonOf } from './python-command.ts'
import { pythonState } from './python-state.ts'
import { realPath } from './real-path.ts'
import { recordedVariables } from './recorded-variables.ts'
import { runtimeState } from './runtime-state.ts'

const DEFAULT_PROBE_TIMEOUT_MS = 2000
/** An environment on a network has thousands of files to look at. */
const DEFAULT_PYTHON_TIMEOUT_MS = 10_000
/** What is installed now need not be when the command starts. */
const INSTALL_TIMEOUT_MS = 300_000

/**
 * What can be found out about a program that is about to run in a folder: the code of the whole working tree that the folder is in, as it is now, stored through the session and read back; the state of git,
 * packages, runtime, machine, container, environment and command line, without the secrets that were recognised. With a cache some 140 ms of processor time for 1,000 files that are as they were the last time, and 230 without; git takes 40 more beside it (bench/micro/capture.mjs). Nothing in a `.git` folder is changed.
 *
 * What cannot be found out is a sentence in `capture.missing`, and never an error.
 *
 * @example
 * const { capture, code } = await captureRun('.', { session, chunker, repositoryFolder, cache: { folder: `${repositoryFolder}/cache`, identity }, argv: process.argv, variables: process.env })
 * @throws what the session throws; the signal's reason
 */
export async function captureRun(folder: string, options: CaptureOptions): Promise<CapturedRun> {
  const { variables, argv, image, alsoRecord, command, probeTimeoutMs: timeoutMs = DEFAULT_PROBE_TIMEOUT_MS, pythonTimeoutMs, signal } = options
  // Programs are asked while this one reads files.
  const probes = Promise.all([runtimeState({ variables, timeoutMs }), containerState({ image, variables, timeoutMs })])
  const interpreter = command == null ? undefined : pythonOf(command, { folder, variables })
  const asked = interpreter === undefined ? undefined : askPython(interpreter, { folder, variables, timeoutMs: pythonTimeoutMs ?? (interpreter.mayInstall ? INSTALL_TIMEOUT_MS : DEFAULT_PYTHON_TIMEOUT_MS), signal })
  probes.catch(() => undefined)
  // What is installed meanwhile must not be taken for code.
  if (interpreter?.mayInstall === true) await asked
  const { git, code, top, ...stored } = await captureCode(folder, options)
  const told = await asked
  signal?.throwIfAborted()
  const places = { folder: realPath(folder), top: realPath(top) }
  const { packages, python = null, missing: unknownPackages }: FoundPackageState & { readonly python?: PythonState | null } = interpreter === undefined || told === undefined ? packageState(places.folder, places.top) : pythonState(interpreter, told, places)
  const [{ runtime, ...probed }, { container, missing: unknownContainer }] = await probes
  const words = redactArguments(argv)
  const recorded = recordedVariables(variables, alsoRecord)
  return {
    capture: {
      git, leftOut: stored.leftOut, packages, python, runtime, container, environment: recorded.value, argv: words.value, ci: ciState(variables),
      missing: [...stored.missing, ...unknownPackages, ...probed.missing, ...unknownContainer].map(redactText),
      redacted: [...words.where, ...recorded.where, ...stored.redacted, ...probed.redacted],
    },
    code,
  }
}
