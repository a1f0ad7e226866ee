import { type CID, RAW_CODE } from '../../cid/cid.ts'
import type { BlockSink, BlockSource } from '../../codec/interface.ts'
import { storeContent } from '../../dataset/content-store.ts'
import type { ContentStore } from '../../dataset/interface.ts'
import { InvalidArgumentError, MalformedDataError, NotFoundError } from '../../errors.ts'
import { listChunks } from '../../file/index.ts'
import { type Manifest, ManifestBuilder, openManifest } from '../../manifest/manifest.ts'
import { pathFromText } from '../../manifest/path.ts'
import { decodeSeries } from './decode-metrics.ts'
import { encodeMetrics } from './encode-metrics.ts'
import type { LogSource, MetricSeries, MetricSummary } from './interface.ts'
import { decodeIndex, INDEX_PATH, type IndexedMetric, MAX_INDEX_BYTES, seriesPath } from './metric-index.ts'
import { seriesSize } from './series-layout.ts'

/** Points of all metrics that are read at once unless the caller says otherwise: 800 MB, and as much again while one is decoded. */
const MAX_POINTS: number = 2 ** 25

export interface StoredMetrics {
  /** Manifest of the files; null if nothing was logged. */
  readonly root: CID | null
  /** Sorted by name. */
  readonly metrics: readonly MetricSummary[]
}

/**
 * Stores what was logged as a manifest of columns (FORMAT.md, section 13). Memory and readings of the log: those of `encodeMetrics`.
 * @param chunker name of the profile that `store` cuts with, recorded in the manifest
 * @throws what `encodeMetrics` throws, and what storing does
 */
export async function storeMetrics(store: ContentStore, sink: BlockSink, chunker: string, source: LogSource): Promise<StoredMetrics> {
  const { metrics, files } = await encodeMetrics(source)
  if (metrics.length === 0) return { root: null, metrics }
  const builder = new ManifestBuilder(sink, chunker)
  for await (const { path, content } of files()) {
    const bytes = pathFromText(path)
    const { cid, size } = await storeContent(store, content, { path: bytes })
    await builder.add({ path: bytes, value: { kind: 'file', cid, size } })
  }
  const { root } = await builder.finish()
  return { root, metrics }
}

/** Names and numbers of points, sorted by name. Reads the index alone. @throws MalformedDataError if the manifest is not one of metrics */
export async function listMetrics(source: BlockSource, root: CID): Promise<readonly IndexedMetric[]> {
  return readIndex(source, await openManifest(source, root))
}

/**
 * Reads metrics back, sorted by name. Takes 24 bytes a point, and while one is decoded as much again for that one.
 * @param options.names those to read; all by default
 * @param options.maxPoints of all of them, 33 million by default
 * @throws NotFoundError for a name that was never logged; @throws InvalidArgumentError if there are more points than asked for; @throws MalformedDataError if what is stored is not sound
 */
export async function readMetrics(
  source: BlockSource, root: CID, { names, maxPoints = MAX_POINTS }: { readonly names?: readonly string[]; readonly maxPoints?: number } = {},
): Promise<readonly MetricSeries[]> {
  const manifest = await openManifest(source, root)
  const index = await readIndex(source, manifest)
  const unknown = names?.find((name) => !index.some((metric) => metric.name === name))
  if (unknown !== undefined) throw new NotFoundError(`There is no metric "${unknown}"`, { data: { name: unknown }, hint: `There are: ${index.map(({ name }) => name).join(', ').slice(0, 500)}.` })
  const wanted = index.flatMap((metric, place) => (names === undefined || names.includes(metric.name) ? [{ metric, place }] : []))
  const points = wanted.reduce((sum, { metric }) => sum + metric.points, 0)
  if (points > maxPoints) throw new InvalidArgumentError(`These metrics have ${points} points; at most ${maxPoints} are read at once`, { hint: 'Ask for fewer metrics, or raise maxPoints.' })
  const found: MetricSeries[] = []
  for (const { metric, place } of wanted) found.push(decodeSeries(await readFile(source, manifest, seriesPath(place), seriesSize(metric.points)), metric))
  return found
}

async function readIndex(source: BlockSource, manifest: Manifest): Promise<readonly IndexedMetric[]> {
  return decodeIndex(await readFile(source, manifest, INDEX_PATH, MAX_INDEX_BYTES))
}

/** The whole content of a file; `maxBytes` bounds what is taken for it. */
async function readFile(source: BlockSource, manifest: Manifest, path: string, maxBytes: number): Promise<Uint8Array> {
  const value = await manifest.get(pathFromText(path))
  if (value?.kind !== 'file') throw new MalformedDataError(`There is no file ${path} among the metrics`)
  if (value.size > maxBytes) throw new MalformedDataError(`The file ${path} of metrics has ${value.size} bytes, and may have ${maxBytes}`)
  const bytes = new Uint8Array(value.size)
  const chunks = value.cid.code === RAW_CODE ? [{ cid: value.cid, size: value.size, offset: 0 }] : listChunks(source, value)
  for await (const { cid, size, offset } of chunks) {
    const chunk = await source.get(cid)
    if (chunk.length !== size) throw new MalformedDataError(`A chunk of ${path} has ${chunk.length} bytes instead of ${size}`)
    bytes.set(chunk, offset)
  }
  return bytes
}
