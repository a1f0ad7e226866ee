import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { storedPieces } from '../../../src/node/capture/git-blob-id.ts'
import { captureRun } from '../../../src/node/capture/capture-run.ts'
import type { CapturedRun, CaptureOptions } from '../../../src/node/capture/interface.ts'
import { nodePlatform } from '../../../src/node/node-platform.ts'
import { openManifest } from '../../../src/manifest/manifest.ts'
import { pathToText } from '../../../src/manifest/path.ts'
import { BlockRepository } from '../../../src/repository/repository.ts'
import { MemoryStorage } from '../../../src/storage/memory-storage.ts'

/** Variables that keep the configuration of whoever runs the tests out of them. */
export const VARIABLES: Readonly<Record<string, string>> = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }

/** Repositories of git that live as long as a test file. */
export class MadeRepositories {
  readonly base: string = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 'varve-capture-test-')))
  #count = 0

  folder(): string {
    const folder = join(this.base, String(this.#count++))
    fs.mkdirSync(folder)
    return folder
  }

  /** A repository with these files committed. */
  make(files: Readonly<Record<string, string | Uint8Array>> = { 'train.mjs': 'export {}\n' }): string {
    const folder = this.folder()
    git(folder, 'init', '-q', '-b', 'main')
    write(folder, files)
    if (Object.keys(files).length > 0) commit(folder)
    return folder
  }

  remove(): void {
    fs.rmSync(this.base, { recursive: true, force: true })
  }
}

export function git(folder: string, ...words: readonly string[]): string {
  const settings = ['user.name=Ada', 'user.email=ada@example.org', 'commit.gpgSign=false', 'protocol.file.allow=always', 'advice.detachedHead=false'].flatMap((setting) => ['-c', setting])
  return execFileSync('git', [...settings, ...words], { cwd: folder, env: VARIABLES, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim()
}

export function commit(folder: string, message = 'A change'): void {
  git(folder, 'add', '-A')
  git(folder, 'commit', '-q', '-m', message)
}

export function write(folder: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [name, content] of Object.entries(files)) {
    fs.mkdirSync(dirname(join(folder, name)), { recursive: true })
    fs.writeFileSync(join(folder, name), content)
  }
}

/** A program in a folder of its own, and a search path that begins with it. */
export function fakeProgram(folder: string, name: string, script: string): string {
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return `${folder}${delimiter}${VARIABLES['PATH'] ?? ''}`
}

export interface Captured extends CapturedRun {
  /** What was stored, by path: content of files as text of Latin-1; `*` before that of executable ones, `-> ` before the target of links, and `/` for empty folders. */
  readonly stored: Readonly<Record<string, string>>
  /** Everything that a repository without compression holds. */
  readonly bytes: Buffer
}

/** Captures a folder into a repository of its own. */
export async function captureOf(folder: string, options: Partial<CaptureOptions> = {}): Promise<Captured> {
  const storage = new MemoryStorage()
  const repository = await BlockRepository.create(storage, { platform: nodePlatform })
  return repository.withSession(async (session) => {
    const { chunker } = repository.config
    const captured = await captureRun(folder, { argv: ['node', 'train.mjs'], variables: VARIABLES, ...options, session, chunker })
    const stored: Record<string, string> = {}
    if (captured.code !== null) {
      for await (const { path, value } of (await openManifest(session, captured.code.root)).entries()) {
        const name = pathToText(path)
        if (value.kind === 'directory') stored[name] = '/'
        else if (value.kind === 'symlink') stored[name] = `-> ${Buffer.from(value.target).toString('latin1')}`
        else {
          const pieces: Uint8Array[] = []
          for await (const piece of storedPieces(session, value)) pieces.push(piece)
          stored[name] = `${value.kind === 'executable' ? '*' : ''}${Buffer.concat(pieces).toString('latin1')}`
        }
      }
    }
    await session.checkpoint()
    const objects: Uint8Array[] = []
    for await (const { key } of storage.list('')) objects.push(await storage.get(key))
    return { ...captured, stored, bytes: Buffer.concat(objects) }
  }, { compression: 'none' })
}

/** Digest of every file below a folder, by path, with its mode. */
export function fingerprint(folder: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode } = fs.lstatSync(path)
    found[path] = `${mode.toString(8)} ${entry.isFile() ? createHash('sha256').update(fs.readFileSync(path)).digest('hex') : entry.isSymbolicLink() ? fs.readlinkSync(path) : ''}`
  }
  return found
}
