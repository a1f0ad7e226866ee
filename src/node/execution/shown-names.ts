const MOST_SHOWN = 10

/** The first of many, for messages. */
export function shownNames(names: readonly string[]): string {
  const more = names.length - MOST_SHOWN
  return `${names.slice(0, MOST_SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
