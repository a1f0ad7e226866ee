import { closeSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'

const BUFFER_SIZE_BYTES = 4 * 1024 * 1024

/** Reads every file below a folder, or one file, to bring it into the page cache. @param {string} root */
export function readTree(root) {
  const buffer = new Uint8Array(BUFFER_SIZE_BYTES)
  for (const path of filesBelow(root)) {
    withFile(path, (file) => {
      while (readSync(file, buffer) > 0);
    })
  }
}

/**
 * Sum of the sizes of the files below a folder.
 * @param {string} root
 * @param {string[]} [without] names directly in it that do not count
 */
export function treeSize(root, without = []) {
  let bytes = 0
  for (const path of filesBelow(root)) {
    if (!without.some((name) => path.startsWith(join(root, name, '/')))) bytes += lstatSync(path).size
  }
  return bytes
}

/**
 * The first path, relative to the folders, that is not the same file in both; undefined if there is none.
 * @param {string} expected
 * @param {string} actual
 */
export function firstDifference(expected, actual) {
  const [left, right] = [expected, actual].map((root) => [...filesBelow(root)].map((path) => path.slice(root.length + 1)).sort())
  const buffers = [new Uint8Array(BUFFER_SIZE_BYTES), new Uint8Array(BUFFER_SIZE_BYTES)]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [path, other] = [left[index], right[index]]
    if (path === undefined || other === undefined) return path ?? other
    if (path !== other) return path < other ? path : other
    if (!sameContent(join(expected, path), join(actual, path), buffers)) return path
  }
  return undefined
}

/** @param {string} a @param {string} b @param {Uint8Array[]} buffers */
function sameContent(a, b, [forA, forB]) {
  return withFile(a, (fileA) =>
    withFile(b, (fileB) => {
      for (;;) {
        const count = readSync(fileA, forA)
        if (count !== readSync(fileB, forB) || Buffer.compare(forA.subarray(0, count), forB.subarray(0, count)) !== 0) return false
        if (count === 0) return true
      }
    }),
  )
}

/** @template T @param {string} path @param {(file: number) => T} use @returns {T} */
function withFile(path, use) {
  const file = openSync(path, 'r')
  try {
    return use(file)
  } finally {
    closeSync(file)
  }
}

/** @param {string} root @returns {Generator<string, void, undefined>} */
function* filesBelow(root) {
  if (lstatSync(root).isFile()) yield root
  else {
    for (const entry of readdirSync(root, { withFileTypes: true })) {
      const path = join(root, entry.name)
      if (entry.isDirectory()) yield* filesBelow(path)
      else if (entry.isFile()) yield path
    }
  }
}
