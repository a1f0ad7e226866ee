import { hash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { create as createDigest } from 'multiformats/hashes/digest'
import { ManifestBuilder } from 'varve/manifest'

const RAW = 0x55
const SHA2_256 = 0x12
const FILES_PER_FOLDER = 200
const CHUNKER = 'fastcdc2020-64K-256K-1M'

/** Building a manifest of many files whose CIDs are known, blocks hashed and then dropped. @param {number} entries @returns {import('./rounds.mjs').Piece} */
export function manifestPiece(entries) {
  const files = Array.from({ length: entries }, (_, number) => file(number))
  return { name: 'build a manifest', unit: 'entries', amount: entries, run: () => build(files) }
}

/** @param {number} number */
function file(number) {
  const folder = String(Math.floor(number / FILES_PER_FOLDER)).padStart(6, '0')
  const path = Buffer.from(`part-${folder}/${String(number).padStart(8, '0')}.jsonl`)
  return { path, value: { kind: /** @type {const} */ ('file'), size: 500 + (number % 7500), cid: cidOf(RAW, path) } }
}

/** @param {ReturnType<typeof file>[]} files */
async function build(files) {
  const builder = new ManifestBuilder({ put: cidOf }, CHUNKER)
  for (const entry of files) {
    const added = builder.add(entry)
    if (added !== undefined) await added
  }
  return builder.finish()
}

/** @param {number} code @param {Uint8Array} bytes */
function cidOf(code, bytes) {
  return CID.createV1(code, createDigest(SHA2_256, hash('sha256', bytes, 'buffer')))
}
