import { describe, expect, it } from 'vitest'
import { type CID, cidFromDigest, cidText, DAG_CBOR_CODE } from '../../src/cid/cid.ts'
import { nodePlatform } from '../../src/node/node-platform.ts'
import { findRun } from '../../src/run/find-run.ts'
import type { RunArtifact, RunRecord } from '../../src/run/interface.ts'
import { encodeNextRecord, readCheckpoint, readRunRecord } from '../../src/run/run-checkpoint.ts'
import { encodeRunRecord, readStoredRecord } from '../../src/run/run-object.ts'
import { commitRecord } from '../../src/run/run-tree.ts'
import { create } from '../dataset/in-memory.ts'
import { run, store } from '../lineage/made-up-lineage.ts'
import { MemoryBlocks } from '../memory-blocks.ts'

const hasher = nodePlatform.hasher('sha2-256')
const link = (number: number): CID => cidFromDigest(hasher, DAG_CBOR_CODE, new Uint8Array(32).fill(number).fill(number >> 8, 0, 1))
const artifact = (number: number): RunArtifact => ({ name: `model/epoch-${String(number).padStart(4, '0')}`, root: link(number), files: 1, bytes: number })
const recordOf = (artifacts: readonly RunArtifact[], change: Partial<RunRecord> = {}): RunRecord => ({ start: link(1), status: 'running', reason: null, exitCode: null, signal: null, ended: null, final: {}, metrics: null, log: null, artifacts, ...change })
const upTo = (count: number): readonly RunArtifact[] => Array.from({ length: count }, (_, number) => artifact(number))

describe('the records of a run that makes many artifacts', () => {
  it('each have all of them when they are read, and are together not much more than the last', async () => {
    const blocks = new MemoryBlocks(hasher)
    let cid: CID | undefined
    let total = 0
    for (let count = 1; count <= 400; count++) {
      const record = recordOf(upTo(count))
      const bytes = encodeNextRecord(record, cid === undefined ? null : await readCheckpoint(blocks, cid))
      total += bytes.length
      cid = blocks.put(DAG_CBOR_CODE, bytes)
      if (count % 37 === 0 || count < 3) expect(await readRunRecord(blocks, cid)).toEqual(record)
    }
    const whole = encodeRunRecord(recordOf(upTo(400))).length
    // Each with all of them would be 200 times as much.
    expect(total).toBeLessThan(30 * whole)
    const ended = recordOf(upTo(400), { status: 'succeeded', ended: '2026-01-01T00:00:00.000Z' })
    expect(encodeNextRecord(ended, await readCheckpoint(blocks, cid ?? link(0)))).toEqual(encodeRunRecord(ended))
  })

  it('are written whole where an artifact is another one, or is there no more', async () => {
    const blocks = new MemoryBlocks(hasher)
    const first = await readCheckpoint(blocks, blocks.put(DAG_CBOR_CODE, encodeRunRecord(recordOf(upTo(3)))))
    for (const artifacts of [upTo(2), [...upTo(2), { ...artifact(2), root: link(9) }], []]) expect(encodeNextRecord(recordOf(artifacts), first)).toEqual(encodeRunRecord(recordOf(artifacts)))
  })

  it('are refused if they add to what they cannot add to', async () => {
    const blocks = new MemoryBlocks(hasher)
    const put = (record: RunRecord, since?: CID): CID => blocks.put(DAG_CBOR_CODE, encodeRunRecord(record, since))
    const base = put(recordOf(upTo(2)))
    const next = put(recordOf([artifact(7)]), base)
    expect((await readRunRecord(blocks, next)).artifacts).toEqual([...upTo(2), artifact(7)])
    const wrong = [
      put(recordOf([artifact(8)]), next), put(recordOf([artifact(1)]), base), put(recordOf([artifact(7)], { start: link(5) }), base), put(recordOf([artifact(7)], { status: 'succeeded' }), base),
      put(recordOf([artifact(7)]), put(recordOf([], { status: 'lost' }))),
    ]
    for (const cid of wrong) await expect(readRunRecord(blocks, cid)).rejects.toMatchObject({ code: 'MALFORMED_DATA' })
  })

  it('outlive garbage collection while the run goes on, with what they add to', async () => {
    const repository = await create()
    const { blocks } = repository
    const { start, ...number } = await run(repository, { status: 'running' })
    const roots = await Promise.all(['a', 'b', 'c'].map(async (content) => store(repository, { model: content })))
    const artifacts = roots.map((root, at) => ({ name: `model/${at}`, root, files: 1, bytes: 1 }))
    for (let count = 1; count <= 3; count++) {
      await blocks.withSession(async (session) => commitRecord(blocks, session, { ...number, start }, () => recordOf(artifacts.slice(0, count), { start }), { message: '', actor: null }))
    }
    const { record, ended } = await findRun(blocks, 'train#1')
    expect((await readStoredRecord(blocks, record ?? start)).since).not.toBeNull()
    await repository.collectGarbage({ graceMs: 0 })
    expect((await findRun(blocks, 'train#1')).ended).toEqual(ended)
    expect(ended?.artifacts.map(({ root }) => cidText(root))).toEqual(roots.map((root) => cidText(root)))
    expect(await repository.verify()).toMatchObject({ ok: true })
  })
})
