import { ADDED_SIZE_BYTES } from './corpora/changed-files.mjs'
import { INSERTED_SIZE_BYTES } from './corpora/inserted-bytes.mjs'

/**
 * Reads what `varve --json snapshot` printed, and compares it with what the corpus is known to hold.
 * @param {string} stdout
 * @param {import('./corpora.mjs').Corpus} corpus
 * @param {import('./jobs.mjs').JobName} job
 * @returns {string} the root
 * @throws Error if it is not that output or the numbers are wrong
 */
export function checkVarveSnapshot(stdout, corpus, job) {
  /** @type {Record<string, unknown>} */
  let result
  try {
    result = JSON.parse(stdout)
  } catch (cause) {
    throw new Error(`varve snapshot printed no JSON: ${stdout.slice(0, 500)}`, { cause })
  }
  const { root, files, bytes, newBytes } = result
  if (typeof root !== 'string') throw new Error(`varve snapshot printed no root: ${stdout.slice(0, 500)}`)
  const expected = corpus.bytes + (job === 'inserted' ? INSERTED_SIZE_BYTES : job === 'changed' ? ADDED_SIZE_BYTES : 0)
  const expectedFiles = corpus.files + (job === 'changed' ? 1 : 0)
  if (files !== expectedFiles || bytes !== expected) {
    throw new Error(`varve found ${String(files)} files of ${String(bytes)} bytes in corpus ${corpus.name}, which has ${expectedFiles} of ${expected}`)
  }
  if (job === 'unchanged' && newBytes !== 0) throw new Error(`varve stored ${String(newBytes)} new bytes of the unchanged corpus ${corpus.name}`)
  return root
}
