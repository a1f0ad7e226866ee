import { InvalidArgumentError, MalformedDataError } from '../errors.ts'
import type { ManifestTotals, ManifestValue } from './interface.ts'

/** Totals of a manifest that follow its entries. */
export class RunningTotals {
  #entries: number
  #files: number
  #bytes: number

  constructor(start: ManifestTotals = { entries: 0, files: 0, bytes: 0 }) {
    this.#entries = start.entries
    this.#files = start.files
    this.#bytes = start.bytes
  }

  /** @throws InvalidArgumentError if the sizes add up to more than a number can hold exactly */
  get value(): ManifestTotals {
    if (!Number.isSafeInteger(this.#bytes)) throw new InvalidArgumentError(`The sizes of the files add up to more than ${Number.MAX_SAFE_INTEGER} bytes`)
    return { entries: this.#entries, files: this.#files, bytes: this.#bytes }
  }

  add(value: ManifestValue): void {
    this.#count(value, 1)
  }

  remove(value: ManifestValue): void {
    this.#count(value, -1)
  }

  /** @throws MalformedDataError naming the total that a manifest states wrongly */
  assertEqual(stated: ManifestTotals): void {
    const found = { entries: this.#entries, files: this.#files, bytes: this.#bytes }
    for (const name of ['entries', 'files', 'bytes'] as const) {
      if (found[name] !== stated[name]) throw new MalformedDataError(`The manifest states ${stated[name]} ${name} and has ${found[name]}`, { data: { stated, found } })
    }
  }

  #count(value: ManifestValue, sign: 1 | -1): void {
    this.#entries += sign
    if (value.kind !== 'file' && value.kind !== 'executable') return
    this.#files += sign
    this.#bytes += sign * value.size
  }
}
