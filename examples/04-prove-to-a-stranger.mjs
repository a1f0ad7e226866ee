// An auditor who knows only a root checks that a file was in the dataset, without the dataset and without trusting whoever sends the proof.
import assert from 'node:assert/strict'
import { BlockRepository, MemoryStorage, Repository, checkProof, parseCid, portablePlatform } from 'varve/core'

const repository = new Repository(await BlockRepository.create(new MemoryStorage()))
const entries = Array.from({ length: 5000 }, (_, i) => ({ path: `images/${String(i).padStart(5, '0')}.txt`, content: `image ${i}` }))
const { root } = await repository.snapshot(entries, { ref: 'images' })

// What is sent: some 50 KB of JSON, whatever the size of the dataset.
const sent = JSON.stringify(await repository.prove('images', 'images/01234.txt'))
console.log(`${entries.length} files, proof of ${sent.length} characters`)

// What the auditor does. `varve prove --check` does the same.
const hasher = portablePlatform.hasher('sha2-256')
const { value } = await checkProof(hasher, JSON.parse(sent), parseCid(root))
assert.equal(value.size, 'image 1234'.length)

const forged = sent.replace('01234', '09999')
await assert.rejects(async () => checkProof(hasher, JSON.parse(forged), parseCid(root)))
console.log('the proof holds, a forged one does not')
