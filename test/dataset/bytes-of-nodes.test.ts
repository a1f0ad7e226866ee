import { describe, expect, it } from 'vitest'
import { type CID, parseCid } from '../../src/cid/cid.ts'
import { decodeCbor } from '../../src/codec/dag-cbor.ts'
import { openRepository, type Repository } from '../../src/index.ts'
import { MemoryStorage } from '../../src/storage/memory-storage.ts'
import { utf8 } from '../../src/bytes.ts'

/** Tree node, manifest and snapshot of a dataset, as the files of another might hold them: somebody keeps exported blocks. */
async function blocksOf(repository: Repository, { root, snapshot }: { readonly root: string; readonly snapshot: string }): Promise<readonly Uint8Array[]> {
  const manifest = await repository.blocks.get(parseCid(root))
  const { tree } = decodeCbor(manifest) as { readonly tree: CID }
  return [await repository.blocks.get(tree), manifest, await repository.blocks.get(parseCid(snapshot))]
}

describe('a file that holds the bytes of a block of another dataset', () => {
  it.each([0, 1, 2])('does not hide from garbage collection what that block leads to (kind %i)', async (kind) => {
    await using repository = await openRepository(new MemoryStorage(), { create: true })
    const oldest = await repository.snapshot([{ path: 'x', content: utf8('the oldest') }], { ref: 'history' })
    const bytes = (await blocksOf(repository, oldest))[kind]
    if (bytes === undefined) throw new Error('there is no such block')
    // Each step back puts the block one link further away than the file that has its bytes.
    for (let version = 0; version < 6; version++) await repository.snapshot([{ path: 'x', content: utf8(`version ${version}`) }], { ref: 'history' })
    for (const ref of ['before', 'later']) await repository.snapshot([{ path: 'block', content: bytes }], { ref })
    await repository.snapshot([{ path: 'y', content: utf8('to be collected') }], { ref: 'gone' })
    await repository.deleteRef('gone')
    const { removed } = await repository.collectGarbage()
    expect(removed.blocks).toBeGreaterThan(3)
    expect(await repository.verify()).toMatchObject({ ok: true, damaged: [] })
    expect(Buffer.from(await repository.read('history~6', 'x')).toString()).toBe('the oldest')
  })
})
