import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A small dataset with every kind of entry. Returns its folder. */
export function writeSample(folder: string): string {
  const data = join(folder, 'data')
  mkdirSync(join(data, 'train/deep'), { recursive: true })
  mkdirSync(join(data, 'empty'))
  writeFileSync(join(data, 'a.txt'), 'hello\n')
  writeFileSync(join(data, 'train/0.png'), randomBytes(3000))
  writeFileSync(join(data, 'train/deep/ünïcode ✓.txt'), 'text\n')
  writeFileSync(join(data, 'tool.sh'), '#!/bin/sh\n')
  chmodSync(join(data, 'tool.sh'), 0o755)
  symlinkSync('a.txt', join(data, 'link'))
  return data
}

/** Files of 1 MiB that do not compress. */
export function writeLarge(folder: string, files: number): void {
  mkdirSync(folder, { recursive: true })
  for (let index = 0; index < files; index++) writeFileSync(join(folder, `${String(index)}.bin`), randomBytes(1024 * 1024))
}
