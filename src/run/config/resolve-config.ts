import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../../bytes.ts'
import { canonicalJson } from '../../codec/canonical-json.ts'
import type { ParamLayer } from '../../recipe/pipeline/params-file.ts'
import type { JsonValue } from '../../types.ts'
import { innerKey } from './config-key.ts'
import type { ConfigEntry, ResolvedConfig } from './interface.ts'
import { type Said, saidAtOnce, saidInEnvironment, saidInFile } from './layers.ts'
import type { JsonMap } from './plain-values.ts'

/** Variables with such names are configuration: `VARVE_CONFIG__train__rate=0.1`. */
export const CONFIG_PREFIX = 'VARVE_CONFIG__'

/** Where values come from; each overrides those above it. */
export interface ConfigLayers {
  /** Any object that JSON can hold, as for `program`. */
  readonly defaults?: object
  /** What `parseParams` gives, in order: later ones override earlier ones. */
  readonly files?: readonly ParamLayer[]
  /** All variables; those that do not begin with the prefix do not count. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  readonly program?: object
  /** What `--set` gave, put together. */
  readonly set?: JsonMap
}

type Overridden = ConfigEntry['overrides'][number]

/** What has been said of a key so far. */
type Node = Leaf | Group

interface Leaf extends Overridden {
  readonly parts: null
  readonly overrides: readonly Overridden[]
}

interface Group {
  readonly parts: Map<string, Node>
  /** What the layers said of the map itself, and what stood there before it was one; the nearest last. */
  readonly said: Overridden[]
}

/**
 * Lays layers over each other. Maps are merged key by key; anything else, lists too, is replaced as a whole. Where a map meets something else the later layer wins: what the map held
 * then stands in the chain of what took its place, as each layer had given it, and so does a value in the chains of all that came with a map. Time grows with the number of values in all layers.
 * @param options.prefix of the variables that count
 * @throws InvalidArgumentError for what JSON cannot hold, and for variables that contradict each other
 * @example resolveConfig({ defaults: { train: { rate: 0.1 } }, files: [parseParams(text, { file: 'conf/train.yaml' })], set: { train: { rate: 0.2 } } })
 */
export function resolveConfig({ defaults = {}, files = [], environment = {}, program = {}, set = {} }: ConfigLayers, { prefix = CONFIG_PREFIX }: { readonly prefix?: string } = {}): ResolvedConfig {
  const layers = [
    saidAtOnce(defaults, { layer: 'default' }, 'The defaults of a configuration'),
    ...files.map(saidInFile),
    ...saidInEnvironment(environment, prefix),
    saidAtOnce(program, { layer: 'program' }, 'A configuration'),
    saidAtOnce(set, { layer: 'set' }, 'What is set'),
  ]
  const all = new Map<string, Node>()
  for (const layer of layers) layInto(all, layer, [])
  const values = valuesOf(all)
  return { values, entries: [...entriesOf(all, null)].sort((a, b) => (a.key < b.key ? -1 : 1)), hash: configHash(values) }
}

/** SHA-256, in hex, of values as canonical JSON. */
export function configHash(values: JsonMap): string {
  return toHex(sha256(utf8(canonicalJson(values, 'A configuration'))))
}

function layInto(parts: Map<string, Node>, above: Said, displaced: readonly Overridden[]): void {
  for (const [name, said] of above.parts ?? []) parts.set(name, lay(parts.get(name), said, displaced))
}

/** @param displaced what stood in place of the map that all this comes with */
function lay(below: Node | undefined, above: Said, displaced: readonly Overridden[]): Node {
  const own = { value: above.value, origin: above.origin }
  if (above.parts !== null && below !== undefined && below.parts !== null && below.parts.size > 0) {
    below.said.push(own)
    layInto(below.parts, above, [])
    return below
  }
  const before = below === undefined ? displaced : chainOf(below)
  if (above.parts === null) return { ...own, parts: null, overrides: before }
  // Also in place of an empty map, which is a value like others.
  const group: Group = { parts: new Map(), said: [...before].reverse() }
  group.said.push(own)
  layInto(group.parts, above, before)
  return group
}

function chainOf(node: Node): readonly Overridden[] {
  return node.parts === null ? [{ value: node.value, origin: node.origin }, ...node.overrides] : [...node.said].reverse()
}

function valuesOf(parts: ReadonlyMap<string, Node>): JsonMap {
  const names = [...parts].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.freeze(Object.fromEntries(names.map(([name, node]): [string, JsonValue] => [name, node.parts === null ? node.value : valuesOf(node.parts)])))
}

function* entriesOf(parts: ReadonlyMap<string, Node>, outer: string | null): Generator<ConfigEntry> {
  for (const [name, node] of parts) {
    const key = innerKey(outer, name)
    if (node.parts !== null && node.parts.size > 0) {
      yield* entriesOf(node.parts, key)
      continue
    }
    const [own, ...overrides] = chainOf(node)
    if (own !== undefined) yield { key, ...own, overrides }
  }
}
