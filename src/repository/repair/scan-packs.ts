import { toHex } from '../../bytes.ts'
import { cidFromDigest, RAW_CODE } from '../../cid/cid.ts'
import { DELTA_CODEC } from '../../codec/block-compression.ts'
import { CorruptBlockError, CorruptObjectError, NotFoundError } from '../../errors.ts'
import { BlockReader } from '../block-reader.ts'
import { indexedBlocks } from '../gc/pack-usage.ts'
import { type BlockLocation, IndexSet } from '../index-set.ts'
import { packKey, type PackKind, packKindFromByte } from '../pack-format.ts'
import { readTrailer } from '../pack-reader.ts'
import { PageCache } from '../page-cache.ts'
import { Pause } from '../pause.ts'
import { readStored } from '../read-block.ts'
import type { SessionHost } from '../session-host.ts'
import { IndexRuns } from './index-runs.ts'
import type { RepairOptions, UnsoundBlock } from './interface.ts'
import { triedTwice } from './look-twice.ts'
import { NewBlocks } from './new-blocks.ts'
import { blocksByTrailer, blocksByWalking, type PackObject, type SalvagedBlock } from './salvage-pack.ts'

/**
 * Reads packs to their last byte and finds every block in them that is sound. Sound blocks stay where they are if their pack can be read by its trailer; out of
 * others they are copied into new packs. Packs that were scanned once are not scanned again. Memory: some 60 MiB for packs that are written, 12 MiB for the
 * index, and what is to be said of damaged blocks.
 */
export class PackScan {
  readonly #host: SessionHost
  readonly #options: RepairOptions
  readonly #runs: IndexRuns
  readonly #rescued: NewBlocks
  readonly #scanned = new Set<string>()
  readonly #tornWithDeltas: PackObject[] = []
  /** Packs whose structure cannot be read, by key, with their sizes. */
  readonly torn: Map<string, number> = new Map<string, number>()
  readonly missing: Set<string> = new Set<string>()
  /** Blocks that are damaged somewhere, by digest in hex; other copies may be sound. */
  readonly damaged: Map<string, UnsoundBlock> = new Map<string, UnsoundBlock>()
  #blocks = 0
  #bytes = 0

  constructor(host: SessionHost, options: RepairOptions) {
    this.#host = host
    this.#options = options
    this.#runs = new IndexRuns(host, new PageCache())
    this.#rescued = new NewBlocks(host)
  }

  get scanned(): number {
    return this.#scanned.size
  }

  /** True for a pack that was looked at, false for one that was made of what others held. */
  hasScanned(id: Uint8Array): boolean {
    return this.#scanned.has(toHex(id))
  }

  /** Ends what is under way. */
  close(): Promise<void> {
    return this.#rescued.close()
  }

  get rescued(): NewBlocks['amount'] {
    return this.#rescued.amount
  }

  /** Index files over everything sound so far, and over deltas that may not be. */
  get files(): IndexSet {
    return new IndexSet(this.#runs.files)
  }

  async scan(ids: readonly Uint8Array[]): Promise<void> {
    const { storage } = this.#host
    const fresh = ids.filter((id) => !this.#scanned.has(toHex(id)))
    // Garbage collection may have deleted some since they were read.
    for (const id of ids) if (this.#scanned.has(toHex(id)) && (await storage.stat(packKey(id))) === undefined) this.missing.add(packKey(id))
    for (const id of fresh) {
      const size = (await storage.stat(packKey(id)))?.size
      // One that garbage collection deletes while it is read is missing like any other.
      if (size === undefined || !(await isThere(this.#scanPack({ id, size })))) this.missing.add(packKey(id))
      this.#scanned.add(toHex(id))
    }
    // Deltas come last, so that a copy that stands by itself is preferred.
    for (const pack of this.#tornWithDeltas.splice(0)) {
      for await (const { header, stored, found } of this.#walk(pack)) if (found.state === 'delta') await this.#rescued.putStored(header, stored)
    }
    await this.#runs.flush()
    const { packs, records } = await this.#rescued.flush()
    if (packs.length > 0) await this.#runs.store(packs, records)
    this.#rescued.indexed()
  }

  /** Deltas that do not open, as `<pack>:<offset>`. Looks at all that were found, since what they are made from may have come later. */
  async unsoundDeltas(): Promise<ReadonlySet<string>> {
    const { storage, platform, hasher } = this.#host
    const files = this.files
    const reader = new BlockReader(storage, platform, hasher, () => files, async () => undefined)
    const unsound = new Set<string>()
    for await (const { digest, location } of indexedBlocks(files, this.#options.signal)) {
      if (location.codec !== DELTA_CODEC || this.missing.has(packKey(location.pack.id))) continue
      const cid = cidFromDigest(hasher, RAW_CODE, digest.slice())
      for (let tries = 1; tries <= 2; tries++) {
        try {
          await reader.open(cid, location, await readStored(storage, location))
          break
        } catch (error) {
          if (!(error instanceof CorruptBlockError)) throw error
          if (tries < 2) continue
          unsound.add(placeOf(location))
          this.damaged.set(toHex(digest), { cid, reason: reasonOf(error) })
        }
      }
    }
    return unsound
  }

  async #scanPack(pack: PackObject): Promise<void> {
    const whole = await triedTwice(async () => {
      const kind = await this.#kindOf(pack)
      return { kind, headers: await readTrailer(this.#host.storage, this.#host.hasher, { ...pack, kind }) }
    })
    // Gone meanwhile, or torn.
    if (whole === undefined) return this.#scanTorn(pack)
    const { kind, headers } = whole
    const { storage, platform, hasher } = this.#host
    this.#runs.begin({ ...pack, kind })
    const pause = new Pause(this.#options.signal)
    for await (const block of blocksByTrailer(storage, platform, hasher, pack, headers)) {
      await pause.take()
      const { header, offset, found } = block
      if (found.state === 'sound' || found.state === 'delta') await this.#runs.add(header.digest, { ...header, offset })
      else await this.#takeUnsound(pack, block)
      this.#progress(header.storedSize)
    }
  }

  async #scanTorn(pack: PackObject): Promise<void> {
    const pause = new Pause(this.#options.signal)
    for await (const block of this.#walk(pack)) {
      await pause.take()
      const { header, stored, found } = block
      if (found.state === 'delta') this.#tornWithDeltas.push(...(this.#tornWithDeltas.at(-1) === pack ? [] : [pack]))
      else if (found.state === 'sound') await this.#rescued.putStored(header, stored)
      else await this.#takeUnsound(pack, block)
      this.#progress(header.storedSize)
    }
    this.torn.set(packKey(pack.id), pack.size)
  }

  async #takeUnsound(pack: PackObject, { header, offset, found }: SalvagedBlock): Promise<void> {
    if (found.state === 'rescuable') await this.#rescued.put(header.code, found.plain)
    if (found.state !== 'damaged') return
    const cid = cidFromDigest(this.#host.hasher, header.code, header.digest.slice())
    this.damaged.set(toHex(header.digest), { cid, reason: `${found.reason} (${packKey(pack.id)} at byte ${offset})` })
  }

  #walk(pack: PackObject): AsyncGenerator<SalvagedBlock> {
    return blocksByWalking(this.#host.storage, this.#host.platform, this.#host.hasher, pack)
  }

  /** As the pack itself says. @throws CorruptObjectError */
  async #kindOf({ id }: PackObject): Promise<PackKind> {
    const [byte] = await this.#host.storage.get(packKey(id), { range: { start: 9, end: 10 } })
    const kind = byte === undefined ? undefined : packKindFromByte(byte)
    if (kind === undefined) throw new CorruptObjectError(`${packKey(id)} is of no known kind`, { data: { key: packKey(id) } })
    return kind
  }

  #progress(bytes: number): void {
    this.#blocks++
    this.#bytes += bytes
    this.#options.onProgress?.({ type: 'verify', blocks: this.#blocks, bytes: this.#bytes })
  }
}

/** Names one copy of a block. */
export function placeOf({ pack, offset }: Pick<BlockLocation, 'pack' | 'offset'>): string {
  return `${toHex(pack.id)}:${offset}`
}

async function isThere(reading: Promise<void>): Promise<boolean> {
  try {
    await reading
    return true
  } catch (error) {
    if (error instanceof NotFoundError) return false
    throw error
  }
}

function reasonOf(error: CorruptBlockError): string {
  return typeof error.data['reason'] === 'string' ? error.data['reason'] : error.message
}
