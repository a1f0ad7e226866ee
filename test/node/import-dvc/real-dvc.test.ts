import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { importDvc } from '../../../src/index.ts'
import { create, gather } from '../../dataset/in-memory.ts'
import { noise } from '../../remote/two-colleagues.ts'

const isThere = spawnSync('dvc', ['--version']).status === 0
let project = ''

afterEach(() => rmSync(project, { recursive: true, force: true }))

it.skipIf(!isThere)('what a real DVC has added comes back byte for byte, from its cache and from its remote', async () => {
  project = mkdtempSync(join(tmpdir(), 'varve-real-dvc-'))
  const dvc = (...words: string[]): void => void execFileSync('dvc', words, { cwd: project, stdio: 'ignore', env: { ...process.env, DVC_NO_ANALYTICS: '1' } })
  const files: Readonly<Record<string, string | Uint8Array>> = { 'data/crlf.txt': 'a\r\nb\r\n', 'data/sub/empty': '', 'data/sub/ünï ✓.txt': 'text', 'models/model.bin': noise(3_000_000, 4), 'run.sh': '#!/bin/sh\n' }
  for (const folder of ['data/sub', 'models']) mkdirSync(join(project, folder), { recursive: true })
  for (const [path, content] of Object.entries(files)) writeFileSync(join(project, path), content)
  chmodSync(join(project, 'run.sh'), 0o755)
  dvc('init', '--no-scm', '-q')
  dvc('add', '-q', 'data', 'models/model.bin', 'run.sh')
  dvc('remote', 'add', '-d', 'there', join(project, 'remote'))
  dvc('push', '-q')
  for (const cache of [undefined, join(project, 'remote')]) {
    const repository = await create()
    await importDvc(repository, project, { ref: 'all', ...(cache === undefined ? {} : { cache }) })
    expect((await gather(repository.entries('all'))).map(({ path, kind }) => [path, kind])).toEqual(Object.keys(files).sort().map((path) => [path, path === 'run.sh' ? 'executable' : 'file']))
    for (const [path, content] of Object.entries(files)) expect(Buffer.from(await repository.read('all', path)).equals(Buffer.from(content)), path).toBe(true)
    rmSync(join(project, '.dvc/cache'), { recursive: true, force: true })
  }
}, 120_000)
