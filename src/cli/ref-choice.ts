import { firstNames } from '../dataset/near-names.ts'
import type { Repository } from '../dataset/repository.ts'
import { isReservedName } from '../repository/reserved-name.ts'

const SHOWN_NAMES = 8

/** Names of all refs of datasets, without tags. Reads the tree of refs and no snapshot. */
export async function refNames(repository: Repository): Promise<readonly string[]> {
  const names: string[] = []
  for await (const { name } of repository.blocks.refs()) if (!name.includes('@') && !isReservedName(name)) names.push(name)
  return names
}

/** For a sentence: `a, b, c and 4 more`. */
export function shortList(names: readonly string[]): string {
  return firstNames(names, SHOWN_NAMES)
}
