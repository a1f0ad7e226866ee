import { compareBytes, toHex } from '../bytes.ts'
import { type CID, cidText, parseCid } from '../cid/cid.ts'
import type { Repository } from '../dataset/repository.ts'
import type { BlockRepository } from '../repository/index.ts'
import { runKey, runLabel } from '../run/run-key.ts'
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
  const data = looked?.data ?? (found.root === null ? [] : [{ root: cidText(found.root), names: names.get(cidText(found.root))?.names ?? [], paths: [], count: 0 }])
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
  for (const root of used.values()) {
    const text = cidText(root)
    if (evicted.has(toHex(root.multihash.digest)) && !(await blocks.has(root))) {
      dropped.push(text)
      continue
    }
    const matches = await readLinked(`The dataset ${text}`, () => content.inRoot(root))
    if (matches.count > 0) data.push({ root: text, names: names.get(text)?.names ?? [], ...matches })
  }
  return { data, dropped }
}

function derivationsOf({ acts }: Affected, names: Names): readonly AffectedDerivation[] {
  return [...acts].filter(({ kind }) => kind === 'derivation').map(({ cid, label, outs }) => ({
    derivation: cidText(cid), recipe: label, outputs: outs.map(({ role, id }) => ({ name: role, root: id as CidText, names: names.get(id)?.names ?? [] })),
  })).sort((a, b) => (a.recipe < b.recipe ? -1 : a.recipe > b.recipe ? 1 : 0))
}

function runsOf({ runs }: Affected): Impact['runs'] {
  return [...runs.values()].map((use) => ({ use, key: runKey(use) })).sort((a, b) => compareBytes(a.key, b.key)).map(({ use }) => ({ label: runLabel(use), id: cidText(use.start) }))
}

async function modelsOf(table: ActTable, { acts }: Affected): Promise<readonly AffectedModel[]> {
  const found = [...acts].filter(({ kind }) => kind === 'model' || kind === 'evaluation')
  const models: AffectedModel[] = []
  for (const id of new Set(found.map(({ cid }) => cidText(cid)))) {
    const own = found.filter(({ cid }) => cidText(cid) === id)
    const node = await table.get(id)?.describe()
    const aliases = node?.facts['aliases']
    models.push({
      label: node?.label ?? id, id, aliases: Array.isArray(aliases) ? aliases.map(String) : [], isMadeOf: own.some(({ kind }) => kind === 'model'), isEvaluatedOn: own.some(({ kind }) => kind === 'evaluation'),
    })
  }
  return models
}

function textOrNull(cid: CID | null): CidText | null {
  return cid === null ? null : cidText(cid)
}
