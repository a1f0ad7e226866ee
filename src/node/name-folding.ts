import * as fs from 'node:fs'
import type { NameFolding } from '../dataset/interface.ts'
import { below, type ByteText, byteTextOfPath, systemPath } from './byte-text.ts'

const CASES: readonly [string, string] = ['varve-probe-a', 'VARVE-PROBE-A']
const FORMS: readonly [string, string] = ['varve-probe-\u00e9', 'varve-probe-e\u0301']

export interface FolderTraits {
  readonly folding: NameFolding
  /** Mode that a new folder gets here. */
  readonly folderMode: number
}

/** Tries out how an empty folder treats names: makes folders under one name, looks for them under another, removes them. */
export function probeFolder(folder: ByteText): FolderTraits {
  const byCase = probe(folder, CASES)
  const byForm = probe(folder, FORMS)
  return { folding: { case: byCase.isFolded, normalization: byForm.isFolded, windows: process.platform === 'win32' }, folderMode: byCase.mode }
}

function probe(folder: ByteText, [name, variant]: readonly [string, string]): { isFolded: boolean; mode: number } {
  const path = systemPath(below(folder, byteTextOfPath(name)))
  fs.mkdirSync(path)
  try {
    const isFolded = fs.lstatSync(systemPath(below(folder, byteTextOfPath(variant))), { throwIfNoEntry: false }) !== undefined
    return { isFolded, mode: fs.lstatSync(path).mode & 0o777 }
  } finally {
    fs.rmdirSync(path)
  }
}
