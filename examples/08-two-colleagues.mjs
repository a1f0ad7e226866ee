// Two colleagues and a shared place, here a folder; a bucket is used by its address: s3://bucket/prefix?endpoint=https://…
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addRemote, clone, openRepository, pull, push } from 'varve'

const folder = mkdtempSync(join(tmpdir(), 'varve-colleagues-'))
const shared = join(folder, 'shared')
const images = Array.from({ length: 2000 }, (_, i) => ({ path: `images/${i}.txt`, content: `image ${i}` }))

// Ada has data, and shares it: the first push makes the repository.
const ada = await openRepository(join(folder, 'ada'), { create: true })
await ada.snapshot(images, { ref: 'pets', message: 'as photographed' })
await addRemote(ada, 'origin', shared)
const sent = await push(ada)
console.log(`Ada sent ${sent.blocks} blocks, ${sent.bytes} bytes`)

// Bob takes it over, corrects one image, and shares that: hardly more than the image goes over.
await clone(shared, join(folder, 'bob'))
const bob = await openRepository(join(folder, 'bob'))
images[7] = { path: 'images/7.txt', content: 'a better image 7' }
const { root } = await bob.snapshot(images, { ref: 'pets', message: 'number 7 was blurred' })
const correction = await push(bob)
console.log(`Bob sent ${correction.blocks} blocks, ${correction.bytes} bytes`)
assert.ok(correction.bytes < sent.bytes / 2)

// Ada has gone on meanwhile: her push is refused, and nothing is lost.
await ada.snapshot([...images, { path: 'images/2000.txt', content: 'one more' }], { ref: 'pets', message: 'one more' })
await assert.rejects(push(ada), { code: 'REF_CONFLICT' })

// She puts hers aside and takes Bob's over: the same root on both sides.
await ada.setRef('pets-of-ada', 'pets')
await ada.moveRef('pets', 'pets~1')
await pull(ada)
assert.equal(String((await ada.resolve('pets')).root), root)
console.log(`both have ${root}`)

await ada.close()
await bob.close()
rmSync(folder, { recursive: true })
