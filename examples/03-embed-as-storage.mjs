// Another tool uses varve as its storage layer: blocks, refs and commits over any backend, and nothing else. Here it is a small key-value
// store whose every state can be named, compared and gone back to.
import assert from 'node:assert/strict'
import { BlockRepository, DAG_CBOR_CODE, RAW_CODE } from 'varve/repository'
import { MemoryStorage } from 'varve/storage'

const storage = new MemoryStorage()
const repository = await BlockRepository.create(storage)
const text = new TextEncoder()

async function save(values, message) {
  const session = await repository.session()
  try {
    const listing = []
    for (const [key, value] of Object.entries(values)) {
      const cid = await session.put(RAW_CODE, text.encode(value))
      listing.push(`${key} ${cid.toString()}`)
    }
    // A ref points to a dag-cbor block. This one holds a text string: 0x79 and its length in two bytes, then the text.
    const bytes = text.encode(listing.join('\n'))
    const state = await session.put(DAG_CBOR_CODE, Uint8Array.from([0x79, bytes.length >> 8, bytes.length & 255, ...bytes]))
    await session.commit({ action: 'save', message, refs: [{ name: 'state', target: state }] })
    return state
  } finally {
    await session.close()
  }
}

const first = await save({ colour: 'blue', size: 'a value that is long enough to be shared between states' }, 'first')
const second = await save({ colour: 'green', size: 'a value that is long enough to be shared between states' }, 'second')
assert.notEqual(first.toString(), second.toString())

// Another reader of the same storage: it sees the newest state, and every block is checked against its hash as it is read.
const reader = await BlockRepository.open(storage)
assert.equal((await reader.getRef('state')).toString(), second.toString())
const lines = new TextDecoder().decode((await reader.get(second)).subarray(3)).split('\n')
const [, colour] = lines[0].split(' ')
assert.equal(new TextDecoder().decode(await reader.get(colour)), 'green')

for await (const { number, action, message } of reader.operations()) console.log(number, action, message)
