import type { CID } from '../cid/cid.ts'
import type { Act } from './act.ts'
import type { LineageEdge } from './interface.ts'

/** A node as the walk holds it: data, of which nothing is known but its root, or something that was done. */
export type Place = { readonly id: string; readonly root: CID; readonly act?: never } | { readonly id: string; readonly act: Act; readonly root?: never }

/** The nodes that were found, in that order, and those at which the walks ended. */
export class LineageGraph {
  readonly places: Map<string, Place> = new Map()
  /** Roots of which it is known that a run made them. */
  readonly madeByRuns: Set<string> = new Set()
  readonly #beyond = new Set<string>()
  readonly #mostNodes: number

  constructor(mostNodes: number) {
    this.#mostNodes = mostNodes
  }

  get room(): number {
    return this.#mostNodes - this.places.size
  }

  add(place: Place): void {
    this.places.set(place.id, place)
  }

  /** Says of a node that a walk ended before it. The other walk may still come by it, and then knows one side of it. */
  leaveOut(id: string): void {
    this.#beyond.add(id)
  }

  get leftOut(): number {
    return this.#beyond.size
  }

  /** Every edge between the nodes, each once: things that were done know them, and some from both ends. `names` are the nodes' own ids. */
  edges(names: ReadonlyMap<string, string>): readonly LineageEdge[] {
    const edges = new Map<string, LineageEdge>()
    const add = (from: string, to: string, role: string): void => {
      const source = names.get(from)
      const target = names.get(to)
      // The identities are a quarter as long as the names.
      if (source !== undefined && target !== undefined) edges.set(`${from} ${to} ${role}`, { from: source, to: target, role })
    }
    for (const { id, act } of this.places.values()) {
      for (const link of act?.ins ?? []) add(link.id, id, link.role)
      for (const link of act?.outs ?? []) add(id, link.id, link.role)
    }
    return [...edges.values()]
  }
}
