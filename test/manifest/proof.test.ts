import { beforeAll, describe, expect, it } from 'vitest'
import { cidOf, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { MalformedDataError, NotFoundError, UnsupportedFormatError } from '../../src/errors.ts'
import { manifestValuesEqual } from '../../src/manifest/manifest-values.ts'
import { pathFromText } from '../../src/manifest/path.ts'
import { checkProof, type ManifestProof, provePath } from '../../src/manifest/proof.ts'
import { MemoryBlocks } from '../memory-blocks.ts'
import { buildManifest, fileValue, generatedEntries, hasher } from './made-up-trees.ts'

const blocks = new MemoryBlocks(hasher)
const entries = generatedEntries(4000)
const odd = pathFromText('odd/\udcff\udcfe')

async function setUp(): Promise<{ root: Awaited<ReturnType<typeof buildManifest>>['root']; proof: ManifestProof }> {
  const { root } = await buildManifest(blocks, [...entries, { path: odd, value: fileValue('odd') }])
  return { root, proof: await provePath(blocks, root, pathFromText('class-050/item-0000050.bin')) }
}

describe('a proof', () => {
  let made: Awaited<ReturnType<typeof setUp>>
  beforeAll(async () => {
    made = await setUp()
  })
  const check = async (change: object): Promise<unknown> => checkProof(hasher, { ...made.proof, ...change }, made.root)

  it('convinces, after a journey as JSON, whoever holds the root', async () => {
    for (const { path, value } of [...entries.filter((_, index) => index % 800 === 0), { path: odd, value: fileValue('odd') }]) {
      const proof: unknown = JSON.parse(JSON.stringify(await provePath(blocks, made.root, path)))
      const proven = await checkProof(hasher, proof, made.root)
      expect(proven.path).toEqual(path)
      expect(manifestValuesEqual(proven.value, value)).toBe(true)
    }
  })

  it('cannot be made for what is not there', async () => {
    await expect(provePath(blocks, made.root, pathFromText('class-050'))).rejects.toThrow(NotFoundError)
  })

  it('fails when any character of its blocks is another', async () => {
    for (const [index, block] of made.proof.blocks.entries()) {
      // Every position of the short blocks, and a few hundred spread over the long ones.
      for (let at = 0; at < block.length; at += block.length < 400 ? 1 : 197) {
        const other = block[at] === 'A' ? 'B' : 'A'
        const tampered = made.proof.blocks.with(index, block.slice(0, at) + other + block.slice(at + 1))
        await expect(check({ blocks: tampered }), `block ${index} at ${at}`).rejects.toThrow(MalformedDataError)
      }
    }
  })

  it('fails when its last characters are changed within what base64 ignores', async () => {
    const last = made.proof.blocks.at(-1) ?? ''
    for (const end of ['=', '==', '', 'A']) {
      const changed = last.replace(/=*$/, end)
      if (changed !== last) await expect(check({ blocks: [...made.proof.blocks.slice(0, -1), changed] })).rejects.toThrow(MalformedDataError)
    }
  })

  it('fails for another path, root, type or version', async () => {
    await expect(check({ path: 'class-050/item-0000050.bim' })).rejects.toThrow(MalformedDataError)
    await expect(check({ path: 'class-050/item-0000147.bin/x' })).rejects.toThrow(MalformedDataError)
    await expect(check({ path: '\ud800' })).rejects.toThrow(MalformedDataError)
    await expect(check({ root: cidOf(hasher, DAG_CBOR_CODE, new Uint8Array(0)).toString() })).rejects.toThrow(MalformedDataError)
    await expect(check({ type: 'proof' })).rejects.toThrow(MalformedDataError)
    await expect(check({ version: 2 })).rejects.toThrow(UnsupportedFormatError)
    await expect(checkProof(hasher, made.proof, cidOf(hasher, DAG_CBOR_CODE, new Uint8Array(1)))).rejects.toThrow(MalformedDataError)
    const renamed = { ...made.proof, root: cidOf(hasher, DAG_CBOR_CODE, new Uint8Array(1)).toString() }
    await expect(checkProof(hasher, renamed, cidOf(hasher, DAG_CBOR_CODE, new Uint8Array(1)))).rejects.toThrow(MalformedDataError)
  })

  it('fails with blocks left out, added, or in another order', async () => {
    const { blocks: list } = made.proof
    expect(list.length).toBeGreaterThanOrEqual(3)
    for (const changed of [list.slice(1), list.slice(0, -1), list.toReversed(), [...list, list[0]], [], Array(14).fill(list[0])]) {
      await expect(check({ blocks: changed })).rejects.toThrow(MalformedDataError)
    }
  })

  it.each([[null], [undefined], [1], ['x'], [[]], [{}], [{ type: 'varve-proof', version: 1 }]])('refuses what is no proof at all: %j', async (proof) => {
    await expect(checkProof(hasher, proof, made.root)).rejects.toThrow(MalformedDataError)
  })

  it('refuses fields of other kinds, and fields that it does not know', async () => {
    for (const change of [{ blocks: 'x' }, { blocks: [1] }, { path: 1 }, { root: null }, { extra: 1 }]) await expect(check(change)).rejects.toThrow(MalformedDataError)
    await expect(checkProof(hasher, JSON.parse(`{"__proto__": 1, ${JSON.stringify(made.proof).slice(1)}`), made.root)).rejects.toThrow(MalformedDataError)
  })

  it('is refused before decoding if a block is longer than any node', async () => {
    await expect(check({ blocks: ['A'.repeat(1_400_000)] })).rejects.toThrow('too long')
  })
})
