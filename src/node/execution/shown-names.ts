import { firstNames } from '../../dataset/near-names.ts'

const MOST_SHOWN = 10

/** The first of many, for messages. */
export function shownNames(names: readonly string[]): string {
  return firstNames(names, MOST_SHOWN)
}
