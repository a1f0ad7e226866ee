/** Longer names are not compared: the time goes with the square of the length. */
const MAX_LENGTH = 64
const MOST_IN_HINT = 5

/**
 * The name that was probably meant, as words to add to an error: ` (did you mean "recipe"?)`; if none is near, the names there are, if they are few; else nothing.
 */
export function suggestion(name: string, known: Iterable<string>): string {
  const names = [...known]
  const near = nearest(name, names)
  if (near !== undefined) return `; did you mean "${near}"?`
  return names.length === 0 || names.length > 12 ? '' : `; there ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}`
}

/** The first of many names, and how many there are besides, for messages. */
export function firstNames(names: readonly string[], most: number): string {
  const more = names.length - most
  return `${names.slice(0, most).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** What to say where nothing has a name, but others have some: the one that was probably meant, or else the first of those there are. */
export function namesHint(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? `There ${known.length === 1 ? 'is' : 'are'} ${firstNames(known, MOST_IN_HINT)}.` : `Did you mean ${near}?`
}

/** The known name with the fewest letters changed, added, left out or swapped with a neighbour, if it is a third of them at most; the first of several. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const most = Math.max(1, Math.floor(name.length / 3))
  let best: string | undefined
  let bestDistance = most + 1
  for (const candidate of known) {
    if (Math.abs(candidate.length - name.length) >= bestDistance || candidate.length > MAX_LENGTH || name.length > MAX_LENGTH) continue
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best
}

/** Optimal string alignment distance (Damerau 1964, without edits within a swap). */
function editDistance(a: string, b: string): number {
  let older: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const kept = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (older[j - 2] ?? Infinity) + 1 : Infinity
      row.push(Math.min(kept, swapped, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1))
    }
    ;[older, last] = [last, row]
  }
  return last[b.length] ?? 0
}
