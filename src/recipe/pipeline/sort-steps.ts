/** Steps with what they need before them, and the circles that some of them make. */
export interface SortedSteps<T> {
  readonly order: readonly T[]
  /** Each begins and ends with the same name: `a` needs … needs `a`. */
  readonly cycles: readonly (readonly string[])[]
}

interface Visit<T> {
  readonly step: T
  readonly needs: Iterator<string>
}

/**
 * Depth first, without calling itself: a chain may have as many steps as there are. Keeps to the order that is given unless a step needs a later one. Needs that are no steps are passed over.
 * Time and memory go with the number of steps and needs.
 */
export function sortSteps<T extends { readonly name: string }>(steps: readonly T[], needsOf: (step: T) => Iterable<string>): SortedSteps<T> {
  const byName = new Map(steps.map((step) => [step.name, step]))
  const state = new Map<string, 'open' | 'done'>()
  const order: T[] = []
  const cycles: string[][] = []
  for (const first of steps) {
    const path: Visit<T>[] = []
    const enter = (step: T): void => {
      state.set(step.name, 'open')
      path.push({ step, needs: needsOf(step)[Symbol.iterator]() })
    }
    if (!state.has(first.name)) enter(first)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value: name, done } = top.needs.next()
      if (done === true) {
        state.set(top.step.name, 'done')
        order.push(top.step)
        path.pop()
        continue
      }
      const needed = byName.get(name)
      if (needed === undefined || state.get(name) === 'done') continue
      if (state.get(name) === 'open') cycles.push([...path.slice(path.findIndex(({ step }) => step === needed)).map(({ step }) => step.name), name])
      else enter(needed)
    }
  }
  return { order, cycles }
}
