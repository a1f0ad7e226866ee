import type { CID } from '../cid/cid.ts'
import { CorruptObjectError, NotFoundError } from '../errors.ts'
import type { LineageNode } from './interface.ts'

/** The start of a run, with a root that it made, if one is known: by that it is found soon. */
export interface RunEnd {
  readonly kind: 'run'
  readonly cid: CID
  readonly made?: CID
}

/** One end of an edge, seen from what was done. */
export interface Link {
  readonly role: string
  /** As `idOf` gives it; of an evaluation with `#evaluation`. */
  readonly id: string
  /** A root, whose CID may be made when it is asked for; the start of a run; an act of the table, known by its id alone. */
  readonly to: { readonly kind: 'root'; readonly link: { readonly cid: CID } } | RunEnd | { readonly kind: 'act' }
  /** True if nothing else is to be found by way of it: another link says from where that root came here, and others that made the same bytes have nothing to do with it. */
  readonly isLeaf?: boolean
}

/** Something that was done: a derivation, a run, the registration of a model, its evaluation. It knows all its edges; data knows none. */
export interface Act {
  readonly id: string
  /** The derivation; the start of the run; the model version, also of an evaluation. */
  readonly cid: CID
  readonly kind: Exclude<LineageNode['kind'], 'data' | 'artifact' | 'code'>
  readonly label: string
  readonly ins: readonly Link[]
  readonly outs: readonly Link[]
  /** Of a model: the aliases that point to it now. */
  readonly aliases?: () => Promise<readonly string[]>
  /** May read a little more. */
  readonly describe: () => Promise<LineageNode> | LineageNode
}

/** Acts that are held in memory, by what goes in and what comes out. */
export class ActTable {
  readonly #byId = new Map<string, Act>()
  readonly #takers = new Map<string, Act[]>()
  readonly #givers = new Map<string, Act[]>()

  add(act: Act): void {
    this.#byId.set(act.id, act)
    for (const { id } of act.ins) addTo(this.#takers, id, act)
    for (const { id } of act.outs) addTo(this.#givers, id, act)
  }

  acts(): Iterable<Act> {
    return this.#byId.values()
  }

  get(id: string): Act | undefined {
    return this.#byId.get(id)
  }

  takers(id: string): readonly Act[] {
    return this.#takers.get(id) ?? []
  }

  /** The same without those to which it is a leaf. */
  realTakers(id: string): readonly Act[] {
    return this.takers(id).filter(({ ins }) => ins.some((link) => link.id === id && link.isLeaf !== true))
  }

  givers(id: string): readonly Act[] {
    return this.#givers.get(id) ?? []
  }
}

function addTo(map: Map<string, Act[]>, id: string, act: Act): void {
  const acts = map.get(id)
  if (acts === undefined) map.set(id, [act])
  else if (acts.at(-1) !== act) acts.push(act)
}

/** Reads what a record leads to: where it is not there, that is damage. @throws CorruptObjectError, and what `read` throws */
export async function readLinked<T>(what: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof NotFoundError)) throw error
    throw new CorruptObjectError(`${what} is not in the repository, though its records lead there: ${error.message}`, { cause: error, data: error.data })
  }
}
