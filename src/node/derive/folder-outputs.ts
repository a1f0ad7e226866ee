import type { FolderPort, SkippedPath } from '../../dataset/interface.ts'
import { storeFolder } from '../../dataset/store-folder.ts'
import { RecipeFailedError } from '../../errors.ts'
import type { NamedRoot } from '../../recipe/interface.ts'
import type { Session } from '../../repository/index.ts'
import type { OperationOptions } from '../../types.ts'
import type { Scratch } from '../execution/scratch.ts'
import { shownNames } from '../execution/shown-names.ts'
import { isFolder } from './is-folder.ts'

export interface FolderOutputsOptions extends Pick<OperationOptions, 'signal'> {
  readonly scratch: Scratch
  /** In the recipe's order. */
  readonly names: readonly string[]
  readonly chunker: string
}

/** The folders that a recipe without units leaves. */
export class FolderOutputs {
  readonly #session: Session
  readonly #port: FolderPort
  readonly #options: FolderOutputsOptions

  constructor(session: Session, port: FolderPort, options: FolderOutputsOptions) {
    this.#session = session
    this.#port = port
    this.#options = options
  }

  /** Stores all that is in them. @throws RecipeFailedError for what no dataset can hold */
  async finish(): Promise<{ readonly outputs: readonly NamedRoot[]; readonly units: null }> {
    const { scratch, names, ...options } = this.#options
    const outputs: NamedRoot[] = []
    for (const name of names) {
      if (!isFolder(scratch.output(name))) throw new RecipeFailedError(`the folder of the output ${name} was removed, or something else is in its place`)
      const skipped: string[] = []
      const onSkipped = ({ path, detail }: SkippedPath): number => skipped.push(`${path} in the output ${name} is ${detail}`)
      const { root } = await storeFolder(this.#session, this.#port, scratch.output(name), { ...options, defaultIgnores: false, ignoreFiles: false, onSkipped })
      if (skipped.length > 0) throw new RecipeFailedError(shownNames(skipped))
      outputs.push({ name, root })
    }
    return { outputs, units: null }
  }
}
