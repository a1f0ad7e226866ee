import { compareBytes, toHex, utf8 } from '../bytes.ts'
import { type CID, cidText, parseCid } from '../cid/cid.ts'
import { idOf } from '../cid/digest-id.ts'
import type { Repository } from '../dataset/repository.ts'
import type { BlockRepository } from '../repository/index.ts'
import { runLabel, type RunNumber } from '../run/run-key.ts'
import type { CidText, OperationOptions } from '../types.ts'
import { type ActTable, readLinked } from './act.ts'
import { actTable } from './act-table.ts'
import { type Affected, affectedBy, usedRoots } from './affected.ts'
import { ContentSearch, type Wanted } from './content-search.ts'
import { findContent } from './find-content.ts'
import type { AffectedData, AffectedDerivation, AffectedModel, Impact } from './interface.ts'
import { type RootNames, rootNames } from './root-names.ts'

export interface ImpactOptions extends Pick<OperationOptions, 'signal'> {
  /** The same content under any name counts too. Reads every tree node that the datasets in use do not share. */
  readonly anywhere?: boolean
}

/** Datasets that are looked into at a time. */
const BATCH = 32

type Names = ReadonlyMap<string, RootNames>

/**
 * Which derivations, runs and models used a dataset, a file, a folder or a chunk, or something that was made of what did. A file counts where a dataset that was used has the same content at the same path, a
 * folder where it has any file of it so, and a chunk wherever a file has it.
 *
 * @param wanted any revision, with `:path` if it is a file or a folder; or the CID of a chunk
 * @throws NotFoundError if it is not there; EvictedError for a path in data that was dropped
 *
 * A whole dataset: reads every derivation, model version and snapshot, and no run. A path: some three nodes more for each dataset in use. A chunk: every manifest in use.
 *
 * @example
 * const { runs, models } = await impactOf(repository, 'covid/raw@v2:daily/2020-03-01.csv')
 */
export async function impactOf({ blocks }: Repository, wanted: string, { anywhere = false, signal }: ImpactOptions = {}): Promise<Impact> {
  const found = await findContent(blocks, wanted, anywhere)
  const table = await actTable(blocks)
  const used = await usedRoots(blocks, table)
  const names = await rootNames(blocks)
  const looked = found.wanted === undefined ? undefined : await search(blocks, used, names, found.wanted, signal)
  const data = looked?.data ?? (found.root === null ? [] : [{ root: cidText(found.root), names: names.get(idOf(found.root))?.names ?? [], paths: [], count: 0 }])
  const affected = await affectedBy(blocks, table, used, data.map(({ root }) => parseCid(root)))
  return {
    wanted: { root: textOrNull(found.root), path: found.path, content: textOrNull(found.content) }, searched: looked === undefined ? 0 : used.size, dropped: looked?.dropped ?? [], data,
    derivations: derivationsOf(affected, names), runs: runsOf(affected), models: await modelsOf(table, affected),
  }
}

async function search(blocks: BlockRepository, used: ReadonlyMap<string, CID>, names: Names, wanted: Wanted, signal: AbortSignal | undefined): Promise<{ readonly data: readonly AffectedData[]; readonly dropped: readonly CidText[] }> {
  const evicted = await blocks.evicted()
  const content = new ContentSearch(blocks, wanted, signal)
  const data: AffectedData[] = []
  const dropped: CidText[] = []
  const roots = [...used.values()]
  for (let at = 0; at < roots.length; at += BATCH) {
    const batch = roots.slice(at, at + BATCH)
    const found = await Promise.all(batch.map(async (root) => (evicted.has(toHex(root.multihash.digest)) && !(await blocks.has(root)) ? undefined : readLinked(`The dataset ${cidText(root)}`, () => content.inRoot(root)))))
    for (const [index, root] of batch.entries()) {
      const matches = found[index]
      if (matches === undefined) dropped.push(cidText(root))
      else if (matches.count > 0) data.push({ root: cidText(root), names: names.get(idOf(root))?.names ?? [], ...matches })
    }
  }
  return { data, dropped }
}

function derivationsOf({ acts }: Affected, names: Names): readonly AffectedDerivation[] {
  return [...acts].filter(({ kind }) => kind === 'derivation').map(({ cid, label, outs }) => ({
    derivation: cidText(cid), recipe: label, outputs: outs.flatMap(({ role, id, to }) => (to.kind === 'root' ? { name: role, root: cidText(to.link.cid), names: names.get(id)?.names ?? [] } : [])),
  })).sort((a, b) => (a.recipe < b.recipe ? -1 : a.recipe > b.recipe ? 1 : 0))
}

function runsOf({ runs }: Affected): Impact['runs'] {
  // As their keys are sorted, without making those.
  const names = new Map([...new Set([...runs.values()].map(({ name }) => name))].sort((a, b) => compareBytes(utf8(a), utf8(b))).map((name, at) => [name, at]))
  const placeOf = ({ name }: RunNumber): number => names.get(name) ?? 0
  return [...runs.values()].sort((a, b) => placeOf(a) - placeOf(b) || b.number - a.number).map((use) => ({ label: runLabel(use), id: cidText(use.start) }))
}

async function modelsOf(table: ActTable, { acts }: Affected): Promise<readonly AffectedModel[]> {
  const found = new Map<string, { readonly cid: CID; readonly kinds: Set<string> }>()
  for (const { cid, kind } of acts) {
    if (kind !== 'model' && kind !== 'evaluation') continue
    const known = found.get(idOf(cid)) ?? { cid, kinds: new Set() }
    known.kinds.add(kind)
    found.set(idOf(cid), known)
  }
  return Promise.all([...found].map(async ([id, { cid, kinds }]) => {
    const model = table.get(id)
    return { label: model?.label ?? '', id: cidText(cid), aliases: (await model?.aliases?.()) ?? [], isMadeOf: kinds.has('model'), isEvaluatedOn: kinds.has('evaluation') }
  }))
}

function textOrNull(cid: CID | null): CidText | null {
  return cid === null ? null : cidText(cid)
}
