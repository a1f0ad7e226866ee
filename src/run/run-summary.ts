import { type CID, DIGEST_SIZE_BYTES } from '../cid/cid.ts'
import { digestId, digestOfId } from '../cid/digest-id.ts'
import type { Hasher } from '../cid/interface.ts'
import { type CborInput, readArrayHead, readBytesHead, readItem } from '../codec/cbor-decoder.ts'
import { asText } from '../codec/shape.ts'
import { MalformedDataError } from '../errors.ts'
import { asNames, oneOf, textOrNull } from '../recipe/objects.ts'
import { StoredLink } from '../repository/stored-link.ts'
import type { RunRecord, RunStart } from './interface.ts'
import { finalOf, finalText, type RunOutline } from './run-object.ts'

/** A root, and what the run calls it. */
export interface NamedLink {
  readonly name: string
  readonly link: StoredLink
}

/** What a run is to those who look at thousands: what links it to all else, and what people know it by. */
export interface RunSummary extends Pick<RunStart, 'why' | 'tags' | 'seed' | 'started'>, Pick<RunRecord, 'status' | 'reason' | 'ended' | 'final'> {
  readonly inputs: readonly NamedLink[]
  readonly code: StoredLink | null
  /** The start of the run that this one reproduces. */
  readonly reproduces: StoredLink | null
  readonly artifacts: readonly NamedLink[]
  readonly metrics: StoredLink | null
  readonly log: StoredLink | null
}

/** Of a run of which nothing has come yet, `record` is null. */
export function summaryOf({ why, tags, inputs, seed, code, reproduces, started }: RunOutline, record: RunRecord | null): RunSummary {
  return {
    why, tags, inputs: inputs.map(namedLink), seed, code: linkOf(code), reproduces: linkOf(reproduces), started,
    status: record?.status ?? 'running', reason: record?.reason ?? null, ended: record?.ended ?? null, final: record?.final ?? {},
    artifacts: (record?.artifacts ?? []).map(namedLink), metrics: linkOf(record?.metrics ?? null), log: linkOf(record?.log ?? null),
  }
}

/** A summary as it stands in a block: digests stand for links, so that it keeps nothing. */
export function summaryFields({ why, tags, inputs, seed, code, reproduces, started, status, reason, ended, final, artifacts, metrics, log }: RunSummary): readonly unknown[] {
  return [why, tags, pairs(inputs), seed, digestOf(code), digestOf(reproduces), started, status, reason, ended, finalText(final), pairs(artifacts), digestOf(metrics), digestOf(log)]
}

const FIELDS = 14
const NO_TAGS: readonly string[] = []

/** Inverse of `summaryFields`, from a block. Some 5 µs. @param depth arrays around the fields; @throws MalformedDataError */
export function readSummaryFields(input: CborInput, depth: number, hasher: Pick<Hasher, 'code'>): RunSummary {
  if (readArrayHead(input) !== FIELDS) throw new MalformedDataError(`A summary of a run has ${FIELDS} fields`)
  const why = textOrNull(readItem(input, depth), 'A run’s why')
  const tags = readItem(input, depth)
  const inputs = readPairs(input, depth, hasher)
  const seed = asText(readItem(input, depth), 'A run’s seed')
  const code = readLink(input, hasher)
  const reproduces = readLink(input, hasher)
  const started = asText(readItem(input, depth), 'A run’s start')
  const status = oneOf(readItem(input, depth), 'A run’s status', STATUSES)
  const reason = textOrNull(readItem(input, depth), 'A run’s reason')
  const ended = textOrNull(readItem(input, depth), 'A run’s end')
  const final = finalOf(asText(readItem(input, depth), 'A run’s metrics'))
  const artifacts = readPairs(input, depth, hasher)
  const metrics = readLink(input, hasher)
  const log = readLink(input, hasher)
  return { why, tags: Array.isArray(tags) && tags.length === 0 ? NO_TAGS : asNames(tags, 'A run’s tags'), inputs, seed, code, reproduces, started, status, reason, ended, final, artifacts, metrics, log }
}

const STATUSES = ['running', 'succeeded', 'failed', 'aborted', 'lost'] as const

function readPairs(input: CborInput, depth: number, hasher: Pick<Hasher, 'code'>): readonly NamedLink[] {
  const links: NamedLink[] = []
  for (let count = readArrayHead(input); count > 0; count--) {
    if (readArrayHead(input) !== 2) throw new MalformedDataError('A link of a run has a name and a digest')
    const name = asText(readItem(input, depth + 2), 'The name of a link')
    const link = readLink(input, hasher)
    if (link === null) throw new MalformedDataError('A link of a run leads nowhere')
    links.push({ name, link })
  }
  return links
}

/** A digest as bytes; none at all stand for no link. */
export function readLink(input: CborInput, { code }: Pick<Hasher, 'code'>): StoredLink | null {
  const length = readBytesHead(input)
  if (length === 0) return null
  if (length !== DIGEST_SIZE_BYTES) throw new MalformedDataError(`A digest has ${length} bytes`)
  const start = input.at
  input.at = start + length
  return new StoredLink(code, digestId(input.bytes, start))
}

function pairs(links: readonly NamedLink[]): readonly (readonly [string, Uint8Array])[] {
  return links.map(({ name, link }) => [name, digestOf(link)])
}

function digestOf(link: StoredLink | null): Uint8Array {
  return link === null ? new Uint8Array(0) : digestOfId(link.id)
}

function namedLink({ name, root }: { readonly name: string; readonly root: CID }): NamedLink {
  return { name, link: StoredLink.of(root) }
}

function linkOf(root: CID | null): StoredLink | null {
  return root === null ? null : StoredLink.of(root)
}
