import { compareBytes, toHex } from '../bytes.ts'
import { type CID, cidText, parseCid } from '../cid/cid.ts'
import { snapshotRefs, walkHistory } from '../dataset/history.ts'
import { editTree } from '../manifest/edit-tree.ts'
import { linkCodec } from '../repository/link-codec.ts'
import { Pause } from '../repository/pause.ts'
import type { BlockRepository, RefChange, Session } from '../repository/index.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { LINKS_REF, withoutLinks } from './derivation-links.ts'
import { readDerivation } from './derivation-object.ts'
import { parseDerivedSource } from './derived-source.ts'
import type { NamedRootInfo } from './explain.ts'
import { FAMILY_REF, withoutFamilyRuns } from './map/map-family.ts'
import { withoutProgress } from './map/map-progress.ts'
import { MEMORY_REF, readRemembered, rememberedLists } from './memory.ts'
import { readRecipe } from './recipe-object.ts'
import { undisturbed } from './undisturbed.ts'

/** A derivation to whose outputs no ref leads, by its history or by what was derived from them. */
export interface UnreachedDerivation {
  readonly derivation: CidText
  readonly recipe: string
  /** Of its runs that succeeded. */
  readonly outputs: readonly NamedRootInfo[]
  readonly runs: number
}

export interface ForgetOptions extends Pick<OperationOptions, 'signal'> {
  /** Snapshots that are as good as dropped: they keep no derivation. Asked for anew for every state by which is decided. */
  readonly dropped?: () => Promise<readonly CID[]>
  /** Roots that something else leads to than snapshots, such as runs: what gave them stays. Asked for anew as well. */
  readonly alsoReached?: (repository: BlockRepository) => AsyncIterable<CID>
  readonly actor?: string | null
}

interface Known extends UnreachedDerivation {
  readonly cid: CID
  /** Names the list of its runs, and with it all that is said here. */
  readonly list: string
  readonly inputs: readonly CidText[]
}

interface ReachedSnapshot {
  readonly root: CidText
  readonly derivation: CidText | undefined
}

/**
 * What could be forgotten: derivations of whose outputs none is the root of a snapshot that a ref's or a tag's history keeps, and which nothing kept was derived from. Those that a kept
 * snapshot names stay, so that data that was dropped can be made again and every result can be explained. Reads every snapshot and every run that is remembered.
 */
export async function unreachedDerivations(repository: BlockRepository, options: ForgetOptions = {}): Promise<readonly UnreachedDerivation[]> {
  return (await new Reach(repository, options).unreached()).map(shown)
}

/**
 * Forgets them, with their runs, and what runs of map recipes that did not come to their end had done: the next collection removes what they alone kept. Commits only if there are any. When others commit meanwhile, only what they changed is read.
 * @throws RefConflictError if they do so all the time
 */
export async function forgetDerivations(repository: BlockRepository, options: ForgetOptions = {}): Promise<readonly UnreachedDerivation[]> {
  const { actor = null, signal } = options
  const reach = new Reach(repository, options)
  let session: Session | undefined
  let ready: { readonly of: string; readonly refs: readonly RefChange[] } | undefined
  try {
    return await undisturbed(repository, { failure: 'derivations cannot be forgotten', signal }, async () => {
      const { number } = repository.root
      const [tree, families, links] = [await repository.getRef(MEMORY_REF), await repository.getRef(FAMILY_REF), await repository.getRef(LINKS_REF)]
      const progress = await withoutProgress(repository)
      const unreached = await reach.unreached()
      if (repository.root.number !== number) return undefined
      if (progress === undefined && (tree === undefined || unreached.length === 0)) return []
      session ??= await repository.session()
      const of = [tree ?? null, families ?? null, links ?? null, ...unreached.map(({ cid }) => cid)].map(String).join(' ')
      if (ready?.of !== of) ready = { of, refs: tree === undefined || unreached.length === 0 ? [] : await changesWithout(repository, session, tree, unreached.map(({ cid }) => cid)) }
      // A ref that another process gives to one of the outputs meanwhile would keep its derivation.
      await session.commit({ action: 'forget', message: `${unreached.length} derivations`, actor, refs: [...ready.refs, ...(progress === undefined ? [] : [progress])], after: number })
      return unreached.map(shown)
    })
  } finally {
    await session?.close()
  }
}

/** What a commit has to change so that derivations are not remembered. Stores the new trees through the session. */
async function changesWithout(repository: BlockRepository, session: Session, tree: CID, derivations: readonly CID[]): Promise<readonly RefChange[]> {
  const edits = derivations.map((cid) => ({ key: cid.multihash.digest, value: undefined })).sort((a, b) => compareBytes(a.key, b.key))
  const target = await editTree(session, session, tree, linkCodec, edits)
  const families = await withoutFamilyRuns(repository, session, derivations)
  const links = await withoutLinks(repository, session, derivations)
  return [{ name: MEMORY_REF, expected: tree, target, own: true }, ...[families, links].filter((change) => change !== undefined)]
}

/** What derivations hold on to, but for those left out: the roots that went into them or came out of them and whose data is there, each with one derivation that does. */
export async function heldRoots(repository: BlockRepository, without: readonly CidText[] = []): Promise<ReadonlyMap<CidText, { readonly derivation: CidText; readonly recipe: string }>> {
  const held = new Map<CidText, { readonly derivation: CidText; readonly recipe: string }>()
  const evicted = await repository.evicted()
  const left = new Set(without)
  const all: Known[] = []
  for await (const known of knownDerivations(repository)) if (!left.has(known.derivation)) all.push(known)
  const hold = ({ derivation, recipe }: Known, root: CidText): void => {
    if (!held.has(root) && !evicted.has(toHex(parseCid(root).multihash.digest))) held.set(root, { derivation, recipe })
  }
  // What gave it says more than what it went into.
  for (const known of all) for (const { root } of known.outputs) hold(known, root)
  for (const known of all) for (const root of known.inputs) hold(known, root)
  return held
}

/** What leads to which derivations, in one state after the other: what was read in an earlier one is not read again. */
class Reach {
  readonly #repository: BlockRepository
  readonly #options: ForgetOptions
  readonly #snapshots = new Map<string, ReachedSnapshot>()
  readonly #seen = new Set<string>()
  #known = new Map<string, Known>()

  constructor(repository: BlockRepository, options: ForgetOptions) {
    this.#repository = repository
    this.#options = options
  }

  /** By the state that the repository is in. A snapshot that a ref led to in an earlier one may still count. */
  async unreached(): Promise<readonly Known[]> {
    const all = await this.#gather()
    const { roots, derivations } = await this.#reachedBySnapshots()
    for await (const root of this.#options.alsoReached?.(this.#repository) ?? []) roots.add(cidText(root))
    const makers = new Map<CidText, Known[]>()
    for (const known of all) {
      for (const { root } of known.outputs) {
        const others = makers.get(root)
        if (others === undefined) makers.set(root, [known])
        else others.push(known)
      }
    }
    const waiting = all.filter(({ derivation, outputs }) => derivations.has(derivation) || outputs.some(({ root }) => roots.has(root)))
    const reached = new Set(waiting)
    const visited = new Set<CidText>()
    for (let known = waiting.pop(); known !== undefined; known = waiting.pop()) {
      for (const root of known.inputs) {
        if (visited.has(root)) continue
        visited.add(root)
        for (const maker of makers.get(root) ?? []) {
          if (reached.has(maker)) continue
          reached.add(maker)
          waiting.push(maker)
        }
      }
    }
    return all.filter((known) => !reached.has(known))
  }

  async #gather(): Promise<readonly Known[]> {
    const now = new Map<string, Known>()
    const pause = new Pause(this.#options.signal)
    for await (const known of knownDerivations(this.#repository, this.#known)) {
      await pause.take()
      now.set(known.list, known)
    }
    this.#known = now
    return [...now.values()]
  }

  async #reachedBySnapshots(): Promise<{ readonly roots: Set<CidText>; readonly derivations: ReadonlySet<CidText> }> {
    const { dropped, signal } = this.#options
    const pause = new Pause(signal)
    for await (const { target } of snapshotRefs(this.#repository)) {
      for await (const { cid, snapshot } of walkHistory(this.#repository, target, this.#seen)) {
        await pause.take()
        const source = parseDerivedSource(snapshot.source)
        this.#snapshots.set(toHex(cid.multihash.digest), { root: cidText(snapshot.root), derivation: source === undefined ? undefined : cidText(source.derivation) })
      }
    }
    const ended = new Set([...(await this.#repository.evicted()), ...((await dropped?.()) ?? []).map(({ multihash }) => toHex(multihash.digest))])
    const roots = new Set<CidText>()
    const derivations = new Set<CidText>()
    for (const [digest, { root, derivation }] of this.#snapshots) {
      // A root that was dropped to be made again counts all the more; a snapshot that was dropped does not.
      if (ended.has(digest)) continue
      roots.add(root)
      if (derivation !== undefined) derivations.add(derivation)
    }
    return { roots, derivations }
  }
}

/** Of those whose list of runs has been `read`, that is taken. */
async function* knownDerivations(repository: BlockRepository, read: ReadonlyMap<string, Known> = new Map()): AsyncGenerator<Known> {
  for await (const list of rememberedLists(repository)) {
    const name = cidText(list)
    yield read.get(name) ?? (await readKnown(repository, list, name))
  }
}

async function readKnown(repository: BlockRepository, list: CID, name: string): Promise<Known> {
  const { derivation: cid, runs } = await readRemembered(repository, list)
  const { recipe, inputs } = await readDerivation(repository, cid)
  const outputs = new Map(runs.flatMap((run) => run.outputs.map(({ name: output, root }) => [`${output} ${cidText(root)}`, { name: output, root: cidText(root) }] as const)))
  return { list: name, cid, derivation: cidText(cid), recipe: (await readRecipe(repository, recipe)).name, inputs: inputs.map(({ root }) => cidText(root)), outputs: [...outputs.values()], runs: runs.length }
}

function shown({ derivation, recipe, outputs, runs }: Known): UnreachedDerivation {
  return { derivation, recipe, outputs, runs }
}
