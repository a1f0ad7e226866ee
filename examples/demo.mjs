// `npm run demo`: the main job on a folder that is really there, with the real command line. Everything happens in a temporary folder.
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readdirSync, readSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'
import fs from 'fs-extra'
import { openRepository } from 'varve'

const project = dirname(dirname(fileURLToPath(import.meta.url)))
const cli = join(project, 'dist', 'cli.js')
const work = mkdtempSync(join(tmpdir(), 'varve-demo-'))
process.on('exit', () => fs.removeSync(work))

/** Runs varve as a person would, shows it, and returns what it printed as JSON. */
function varve(args, { expect = 0, show = true } = {}) {
  if (show) console.log(styleText('bold', `\n$ varve ${args.map((arg) => (/[\s~]/.test(arg) && !/^\S+~\d$/.test(arg) ? JSON.stringify(arg) : arg)).join(' ')}`))
  const run = (extra) => spawnSync(process.execPath, [cli, ...args, ...extra], { cwd: work, encoding: 'utf8', maxBuffer: 1 << 28 })
  const result = run(show ? [] : ['--json'])
  if (result.status !== expect) throw new Error(`varve ${args.join(' ')} ended with ${result.status} instead of ${expect}:\n${result.stdout}${result.stderr}`)
  if (show) process.stdout.write(shortened(result.stdout) + result.stderr)
  return show ? undefined : JSON.parse(result.stdout)
}

function shortened(text, limit = 14) {
  const lines = text.trimEnd().split('\n')
  return lines.length <= limit ? text : `${lines.slice(0, limit - 2).join('\n')}\n  … ${lines.length - limit + 2} more lines\n`
}

function say(text) {
  console.log(styleText('cyan', `\n# ${text}`))
}

/** Some of the project's own node_modules, links as links. */
function copyPackages(target) {
  for (const name of ['typescript', 'vitest', 'fast-check', 'commander', 'multiformats', '.bin']) {
    const source = join(project, 'node_modules', name)
    if (fs.existsSync(source)) fs.copySync(source, join(target, name))
  }
}

function countFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length
}

say('A folder that is really there: the packages this project is built with.')
copyPackages(join(work, 'data'))
console.log(`  ${countFiles(join(work, 'data'))} files in ./data`)

varve(['snapshot', './data', '-m', 'as installed'])
say('Again, with nothing changed: nothing is stored. (Files that have been still for 40 seconds are not even read.)')
varve(['snapshot', './data'])

say('Now change a large file in the middle, add one, remove one.')
const large = join(work, 'data', 'typescript', 'lib', 'typescript.js')
const { size } = fs.statSync(large)
const handle = openSync(large, 'r+')
writeSync(handle, Buffer.from('/* a correction */'), 0, 18, Math.floor(size / 2))
closeSync(handle)
const added = Array.from({ length: 4000 }, (_, index) => `${index},${(index * 2654435761) % 1000}\n`).join('')
fs.writeFileSync(join(work, 'data', 'labels.csv'), `id,label\n${added}`)
fs.removeSync(join(work, 'data', 'commander', 'Readme.md'))
varve(['snapshot', './data', '-m', 'labels added, one correction'])
varve(['diff', 'data~1', 'data'])
varve(['log', 'data'])

say('Read and hash every byte that the repository holds.')
varve(['verify'])

say('A disk goes bad: one bit of one pack, in the middle of labels.csv, is flipped.')
const { pack, offset } = await placeOf('labels.csv')
const file = openSync(join(work, '.varve', pack), 'r+')
const byte = Buffer.alloc(1)
readSync(file, byte, 0, 1, offset)
byte[0] ^= 1
writeSync(file, byte, 0, 1, offset)
closeSync(file)
console.log(`  ${pack}, byte ${offset}`)
varve(['verify'], { expect: 1 })

say('Damaged data is never handed out; the snapshot before is intact and is restored.')
varve(['cat', 'data:labels.csv'], { expect: 4 })
varve(['checkout', 'data~1', './restored'])

say('Compared with the original, byte by byte, by a tool that knows nothing of varve:')
const original = join(work, 'original')
copyPackages(original)
console.log(styleText('bold', '$ diff -r --no-dereference original restored'))
execFileSync('diff', ['-r', '--no-dereference', original, join(work, 'restored')])
console.log('  no difference')
fs.appendFileSync(join(work, 'restored', 'note.txt'), 'mine')
say('And a checkout does not overwrite what no snapshot holds.')
varve(['checkout', 'data~1', './restored'], { expect: 5 })
console.log(styleText('green', '\nDone. README.md goes on from here.'))

/** Where a byte in the middle of a file's first chunk lies. */
async function placeOf(path) {
  const repository = await openRepository(join(work, '.varve'))
  try {
    for await (const { cid } of repository.entries('data', path)) {
      const { multihash } = (await import('varve/core')).parseCid(cid)
      const [place] = await repository.blocks.indexes.find(multihash.digest)
      const id = Buffer.from(place.pack.id).toString('hex')
      return { pack: `packs/${id.slice(0, 2)}/${id}.pack`, offset: place.offset + 48 + Math.floor(place.storedSize / 2) }
    }
    throw new Error(`${path} is not in the snapshot`)
  } finally {
    await repository.close()
  }
}
