import { tmpdir } from 'node:os'
import { realpath } from 'node:fs/promises'
import { InvalidArgumentError } from '../../errors.ts'
import type { RecipeDescription } from '../../recipe/describe-definition.ts'
import type { JsonValue } from '../../types.ts'
import { attend, StopSwitch } from './attend.ts'
import { checkModule } from './check-job.ts'
import { baseEnvironment } from './environment.ts'
import { killLeftovers } from './process-tree.ts'
import { RunnerProcess } from './runner-process.ts'
import { makeScratch, sweepScratches } from './scratch.ts'

export interface DescribeOptions {
  /** For loading the module and for its schema. Default one minute. */
  readonly timeMs?: number
  readonly signal?: AbortSignal
  /** Where its scratch folder is made, and where those of processes that were killed are removed first. Default: the system's temporary folder. */
  readonly scratchFolder?: string
}

export interface DescribedRecipe {
  readonly definition: RecipeDescription
  /** As the schema gives them: defaults filled in. */
  readonly effectiveParams: { readonly [key: string]: JsonValue }
}

const DEFAULT_TIME_MS = 60_000
/** Of what the module wrote when it was loaded, the last so much goes into errors. */
const SHOWN_OUTPUT_BYTES = 4096

/**
 * Loads a module in a process of its own, in the environment that its recipe will run in, and says what recipe it exports under a name.
 * @param folder of the code; it is not written to
 * @param module path within the folder
 * @throws InvalidArgumentError if the module cannot be loaded, has no such export (`data.exports` has those that there are), one that is no recipe, or if its schema refuses the
 * parameters (`data.issues`); @throws the signal's reason
 */
export async function describe(
  folder: string, module: string, exportName: string, params: { readonly [key: string]: JsonValue }, { timeMs = DEFAULT_TIME_MS, signal, scratchFolder = tmpdir() }: DescribeOptions = {},
): Promise<DescribedRecipe> {
  checkModule(module)
  signal?.throwIfAborted()
  const code = await realpath(folder)
  await sweepScratches(scratchFolder)
  const scratch = await makeScratch(scratchFolder)
  const stop = new StopSwitch()
  const disobey = stop.obey(signal)
  let output = Buffer.alloc(0)
  let runner: RunnerProcess | undefined
  try {
    runner = new RunnerProcess({
      folder: code, environment: baseEnvironment(scratch),
      onOutput: (_stream, bytes) => (output = Buffer.concat([output, bytes]).subarray(-SHOWN_OUTPUT_BYTES)),
    })
    runner.send({ type: 'describe', folder: code, module, exportName, params })
    const answer = await attend(runner, { kind: 'function', limits: { timeMs }, stop, onProgress: () => {} })
    if (answer.type === 'described') return { definition: answer.definition, effectiveParams: answer.params }
    signal?.throwIfAborted()
    if (answer.type === 'refused') throw new InvalidArgumentError(answer.message, { hint: answer.hint, data: answer.data })
    await runner.kill()
    await runner.close()
    const why = answer.type === 'stop' ? answer.reason : 'its process ended before it had been loaded'
    throw new InvalidArgumentError(`${module} cannot be loaded: ${why}`, { data: { output: output.toString() }, hint: 'Correct the module: loading it should do nothing but declare recipes.' })
  } finally {
    disobey()
    await runner?.kill()
    killLeftovers(scratch)
    await runner?.close()
    await scratch.remove()
  }
}
