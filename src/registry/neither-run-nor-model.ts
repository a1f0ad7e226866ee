import { namesHint } from '../dataset/near-names.ts'
import { NotFoundError } from '../errors.ts'
import type { BlockRepository } from '../repository/index.ts'
import { runNames } from '../run/find-run.ts'
import { parseRunLabel } from '../run/run-key.ts'
import { modelNames } from './find-model.ts'

/**
 * What to throw where a text might have named a run or a model, and names neither.
 * @param cause that there is no such run
 */
export async function neitherRunNorModel(blocks: BlockRepository, text: string, cause: NotFoundError): Promise<NotFoundError> {
  // A label is that of a run, and so is what only lacks the right number.
  const runs = await runNames(blocks)
  if (parseRunLabel(text) !== undefined || runs.includes(text)) return cause
  const known = [...new Set([...runs, ...(await modelNames(blocks))])]
  return new NotFoundError(`There is no run or model "${text}"`, {
    cause, data: cause.data, hint: known.length === 0 ? cause.hint : `${namesHint(text, known)} \`varve runs\` and \`varve model list\` list all.`,
  })
}
