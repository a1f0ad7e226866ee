import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRepository, type Repository } from '../../src/index.ts'
import { utf8 } from '../../src/bytes.ts'

export interface Place extends AsyncDisposable {
  readonly folder: string
  path(name: string): string
  /** Opens, or creates, the repository of somebody. */
  of(name: string): Promise<Repository>
}

/** A scratch folder, and repositories in it that are closed with it. */
export function scratch(): Place {
  const folder = mkdtempSync(join(tmpdir(), 'varve-remote-'))
  const opened: Repository[] = []
  return {
    folder,
    path: (name) => join(folder, name),
    async of(name) {
      const repository = await openRepository(join(folder, name), { create: true })
      opened.push(repository)
      return repository
    },
    async [Symbol.asyncDispose]() {
      for (const repository of opened) await repository.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Files as entries of a snapshot. */
export function files(contents: Readonly<Record<string, string | Uint8Array>>): { path: string; content: Uint8Array }[] {
  return Object.entries(contents).map(([path, content]) => ({ path, content: typeof content === 'string' ? utf8(content) : content }))
}

/** Bytes that do not compress, the same for the same seed. */
export function noise(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let state = seed * 2654435761 + 1
  for (let at = 0; at < size; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}
