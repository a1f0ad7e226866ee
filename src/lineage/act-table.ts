import type { BlockRepository } from '../repository/index.ts'
import { ActTable } from './act.ts'
import { derivationActs } from './derivation-acts.ts'
import { modelActs } from './model-acts.ts'

/** Derivations, model versions and evaluations. Runs are too many, and are looked up. */
export async function actTable(blocks: BlockRepository): Promise<ActTable> {
  const table = new ActTable()
  for (const act of await derivationActs(blocks)) table.add(act)
  for await (const act of modelActs(blocks)) table.add(act)
  return table
}
