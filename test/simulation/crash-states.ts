import { ALL_LOST, type Content, DurableState, type Fate, fullBytes, type Image, NOTHING_LOST, type Register } from './durable-state.ts'
import { randomOf } from './random.ts'
import type { DiskEvent, FolderNode } from './simulated-disk.ts'

/** A disk as a power cut may leave it. */
export interface CrashState extends Image {
  /** Number in the enumeration, the same in every run with one seed. */
  readonly number: number
  /** How many events of the trace had happened. */
  readonly prefix: number
  /** What happened to that which was not durable. */
  readonly story: string
}

export interface CrashOptions {
  readonly seed: number
  /** States in which every pending change is decided by chance, for each prefix. Default 6. */
  readonly samples?: number
  /** How many of the names that changed last are lost one by one; older ones are lost by chance. Default 8. */
  readonly recent?: number
  /** Whether to cut after so many events. Default: always. */
  readonly cutsAfter?: (events: number) => boolean
}

/** Up to so many combinations of the recent names are all tried. */
const MAX_EXHAUSTIVE = 32
const SECTORS: readonly number[] = [512, 4096]

/**
 * Every state in which a power cut may leave the disk, after each prefix of a trace. The rules, which allow more than any one file system does:
 *
 * - fsync of a file makes its bytes and size durable, and **not** its name; fsync of a folder makes the names in it durable, and not the folder's own
 *   name in its parent. (POSIX promises no more; ext4, XFS and Btrfs differ in what else they keep.)
 * - Changes of different names are independent: any subset of those that were not synced may survive, whatever their order, in one folder or in
 *   many. The changes of one name survive in their order, up to some point. A change of a name is atomic.
 *   (Pillai et al., "All File Systems Are Not Created Equal", OSDI '14, section 3: directory operations are atomic and may be reordered.)
 * - Names and bytes are independent: a name may survive whose file is empty (delayed allocation of ext4), or of full size and full of zeros (XFS), or
 *   torn: a prefix of the bytes, or any of its sectors of 512 or 4,096 bytes with zeros or stale bytes of other files in place of the rest.
 * - What is below a folder whose name is lost is lost.
 * - A failed fsync of a file drops its bytes for good though they can still be read, and the next fsync reports success (Rebello et al., "Can
 *   Applications Recover from fsync Failures?", ATC '20). Names are journalled: after a failed fsync of a folder they stay pending.
 *
 * Tried for each prefix: all lost, nothing lost, each recent change lost alone, each surviving alone, those of one folder lost together, every combination where they are few, and some
 * that chance decides.
 */
export function* crashStates(root: FolderNode, trace: readonly DiskEvent[], options: CrashOptions): Generator<CrashState> {
  const state = new DurableState(root)
  let number = 0
  for (let prefix = 0; prefix <= trace.length; prefix++) {
    if (options.cutsAfter?.(prefix) !== false) {
      for (const { story, fate } of fatesOf(state, randomOf(options.seed * 1_000_003 + prefix), options)) yield { number: number++, prefix, story, ...state.image(fate) }
    }
    const event = trace[prefix]
    if (event !== undefined) state.apply(event, prefix)
  }
}

interface Told {
  readonly story: string
  readonly fate: Fate
}

function* fatesOf(state: DurableState, random: () => number, { samples = 6, recent: count = 8 }: CrashOptions): Generator<Told> {
  yield { story: 'all lost', fate: ALL_LOST }
  const registers = state.registers
  const contents = state.contents
  if (registers.length === 0 && contents.length === 0) return
  yield { story: 'nothing lost', fate: NOTHING_LOST }
  const recent = registers.slice(-count)
  for (const chosen of recent) {
    for (let kept = 0; kept < chosen.pending.length; kept++) yield { story: `${chosen.name} lost from change ${kept} on`, fate: { ...NOTHING_LOST, entry: only(chosen, kept, NOTHING_LOST) } }
    for (let kept = 1; kept <= chosen.pending.length; kept++) yield { story: `${chosen.name} alone survived, up to change ${kept}`, fate: { ...NOTHING_LOST, entry: only(chosen, kept, ALL_LOST) } }
  }
  for (const folder of new Set(registers.map((register) => register.folder))) {
    yield { story: `all names in folder ${folder} lost`, fate: { ...NOTHING_LOST, entry: (register) => (register.folder === folder ? 0 : register.pending.length) } }
  }
  for (const content of contents) {
    for (const [how, bytes] of tornBytes(content, random)) {
      yield { story: `bytes of file ${content.file.id} ${how}`, fate: { ...NOTHING_LOST, bytes: (other) => (other === content ? bytes : fullBytes(other)) } }
    }
  }
  yield* combinations(recent)
  for (let sample = 0; sample < samples; sample++) yield { story: `by chance ${sample}`, fate: byChance(registers, contents, random) }
}

function only(chosen: Register, kept: number, others: Fate): Fate['entry'] {
  return (register) => (register === chosen ? kept : others.entry(register))
}

/** Every combination of the fates of these names, if they are few; all older changes survived. */
function* combinations(recent: readonly Register[]): Generator<Told> {
  const count = recent.reduce((product, { pending }) => product * (pending.length + 1), 1)
  if (count > MAX_EXHAUSTIVE) return
  for (let index = 0; index < count; index++) {
    const kept = new Map<Register, number>()
    let rest = index
    for (const register of recent) {
      kept.set(register, rest % (register.pending.length + 1))
      rest = Math.floor(rest / (register.pending.length + 1))
    }
    yield { story: `combination ${index}`, fate: { ...NOTHING_LOST, entry: (register) => kept.get(register) ?? register.pending.length } }
  }
}

function byChance(registers: readonly Register[], contents: readonly Content[], random: () => number): Fate {
  // Between "almost nothing" and "almost all": half and half would never lose just two of many.
  const survival = random()
  const kept = new Map(registers.map((register) => [register, random() < survival ? register.pending.length : Math.floor(random() * register.pending.length)]))
  const bytes = new Map(contents.map((content) => {
    const choices = [content.durable, fullBytes(content), ...[...tornBytes(content, random)].map(([, torn]) => torn)]
    return [content, choices[Math.floor(random() * choices.length)] ?? content.durable]
  }))
  return { entry: (register) => kept.get(register) ?? register.pending.length, bytes: (content) => bytes.get(content) ?? content.durable }
}

/** Ways in which unsynced bytes of a file survive in part. */
function* tornBytes(content: Content, random: () => number): Generator<readonly [string, Uint8Array]> {
  const { durable } = content
  const full = fullBytes(content)
  yield ['lost, its size too', durable]
  yield ['lost, but not its size', over(new Uint8Array(full.length), durable)]
  const prefix = Math.floor(random() * full.length)
  yield [`cut at ${prefix}`, over(full.slice(0, Math.max(prefix, durable.length)), durable.subarray(prefix), prefix)]
  for (const size of SECTORS) {
    for (const stale of [0, 0xa5]) {
      const torn = full.slice()
      for (let at = 0; at < torn.length; at += size) if (random() < 0.5) over(torn.fill(stale, at, at + size), durable.subarray(at, at + size), at)
      yield [`torn at ${size}, ${stale === 0 ? 'zeros' : 'stale bytes'} for the rest`, torn]
    }
  }
}

function over(bytes: Uint8Array, part: Uint8Array, at = 0): Uint8Array {
  if (at < bytes.length) bytes.set(part.subarray(0, bytes.length - at), at)
  return bytes
}
