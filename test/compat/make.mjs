// Writes the repository of the current format that later versions must be able to read: `npm run build && node test/compat/make.mjs <folder>`.
// Run once for a release, and never for one whose folder is there.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRepository } from '../../dist/index.js'
import { versions } from './contents.mjs'

const folder = process.argv[2]
if (folder === undefined) throw new Error('Name the folder to write')
mkdirSync(folder, { recursive: true })
const repository = await openRepository(join(folder, 'repository'), { create: true })
const expected = []
for (const [number, entries] of versions().entries()) {
  const { root } = await repository.snapshot(entries, { ref: 'data', message: `version ${number}`, author: 'someone', source: { uri: 'https://example.org/data' }, meta: { number } })
  expected.push(root)
}
await repository.setRef('data@first', `data~${expected.length - 1}`)
await repository.close()
writeFileSync(join(folder, 'roots.json'), `${JSON.stringify(expected, null, 2)}\n`)
