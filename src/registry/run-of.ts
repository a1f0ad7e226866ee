import type { Repository } from '../dataset/repository.ts'
import { NotFoundError } from '../errors.ts'
import { findRun } from '../run/find-run.ts'
import { resolveModel } from './models.ts'
import { neitherRunNorModel } from './neither-run-nor-model.ts'

/** The label of the run that a text names: itself, or by a model version (`digits@production`). @throws NotFoundError */
export async function runOf(repository: Repository, text: string): Promise<string> {
  if (text.includes('@')) return (await resolveModel(repository, text)).run.label
  try {
    return (await findRun(repository.blocks, text)).label
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    const model = await resolveModel(repository, text).catch(() => undefined)
    if (model === undefined) throw await neitherRunNorModel(repository.blocks, text, error)
    return model.run.label
  }
}
