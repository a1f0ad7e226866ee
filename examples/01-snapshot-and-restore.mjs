// A dataset gets a name that can be checked: take snapshots of a folder, look back, get the old one again.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openRepository } from 'varve'

const work = await mkdtemp(join(tmpdir(), 'varve-example-'))
const data = join(work, 'data')
try {
  const repository = await openRepository(join(work, '.varve'), { create: true })

  // The first state of the data, with the reason and the source.
  await mkdir(data)
  await writeFile(join(data, 'labels.csv'), 'image,label\n0.png,cat\n1.png,dog\n')
  const first = await repository.snapshot(data, {
    ref: 'pets/raw', message: 'as delivered', source: { uri: 'https://example.org/pets.zip', licence: 'CC-BY-4.0' },
  })
  console.log(`root      ${first.root}`)
  console.log(`snapshot  ${first.snapshot}`)

  // A correction. The old state stays, with the reason for the new one.
  await writeFile(join(data, 'labels.csv'), 'image,label\n0.png,cat\n1.png,wolf\n')
  await repository.snapshot(data, { ref: 'pets/raw', message: 'the dog was a wolf' })
  await repository.setRef('pets/raw@v1', 'pets/raw~1')

  for await (const { message, time } of repository.log('pets/raw')) console.log(`${time}  ${message}`)
  const { modified } = await repository.diff('pets/raw~1', 'pets/raw')
  assert.deepEqual(modified.map(({ path }) => path), ['labels.csv'])

  // The same bytes have the same root on every machine, so a root in a paper or a log can be checked against a folder.
  await repository.checkout('pets/raw@v1', join(work, 'restored'))
  assert.equal((await repository.hash(join(work, 'restored'))).root, first.root)
  assert.match(await readFile(join(work, 'restored', 'labels.csv'), 'utf8'), /dog/)
  assert.equal((await repository.verify()).ok, true)
  await repository.close()
  console.log('restored and verified')
} finally {
  await rm(work, { recursive: true })
}
