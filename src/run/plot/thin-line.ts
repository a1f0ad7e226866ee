/**
 * The indexes of points that draw the same line as all of them do, when there are more than a plot has pixels: of each of `parts` runs of neighbours the first, the least, the
 * greatest and the last. Peaks stay, and so does a part in which nothing is finite. All of them if there are not more than four a part.
 */
export function thinnedIndexes(values: ArrayLike<number>, parts: number): readonly number[] {
  if (values.length <= parts * 4) return Array.from(values, (_, index) => index)
  const kept: number[] = []
  for (let part = 0; part < parts; part++) {
    const [start, end] = [Math.floor((part * values.length) / parts), Math.floor(((part + 1) * values.length) / parts)]
    let [least, greatest] = [-1, -1]
    for (let index = start; index < end; index++) {
      const value = values[index] ?? Number.NaN
      if (!Number.isFinite(value)) continue
      if (least < 0 || value < (values[least] ?? 0)) least = index
      if (greatest < 0 || value > (values[greatest] ?? 0)) greatest = index
    }
    kept.push(...new Set([start, least, greatest, end - 1].filter((index) => index >= 0).sort((a, b) => a - b)))
  }
  return kept
}
