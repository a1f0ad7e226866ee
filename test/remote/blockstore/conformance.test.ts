import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Blockstore } from 'interface-blockstore'
import { interfaceBlockstoreTests } from 'interface-blockstore-tests'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { openRepository } from '../../../src/node/open-repository.ts'
import { RepositoryBlockstore, repositoryBlockstore } from '../../../src/remote/blockstore/index.ts'
import { create } from '../../dataset/in-memory.ts'

// The suite is written for test runners whose words are global.
Object.assign(globalThis, { describe, it, beforeEach, afterEach })

async function close(blockstore: Blockstore): Promise<void> {
  if (blockstore instanceof RepositoryBlockstore) await blockstore.close()
}

describe('the suite of interface-blockstore, on a repository', () => {
  describe('that commits when it is closed', () => {
    interfaceBlockstoreTests({ setup: async () => repositoryBlockstore(await create()), teardown: close })
  })

  describe('that commits after every change', () => {
    interfaceBlockstoreTests({ setup: async () => repositoryBlockstore(await create(), { flushAfter: 1 }), teardown: close })
  })

  describe('in a folder', () => {
    let folder: string
    interfaceBlockstoreTests({
      setup: async () => {
        folder = await mkdtemp(join(tmpdir(), 'varve-blockstore-'))
        return repositoryBlockstore(await openRepository(join(folder, '.varve'), { create: true }), { flushAfter: 30 })
      },
      teardown: async (blockstore: Blockstore) => {
        await close(blockstore)
        await rm(folder, { recursive: true })
      },
    })
  })
})
