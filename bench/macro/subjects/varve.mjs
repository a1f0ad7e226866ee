import { fileURLToPath } from 'node:url'
import { hasStrace, withoutFsync } from '../strace.mjs'

/** The built command line, which `npm run build` makes. */
export const VARVE_CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** @param {import('../subjects.mjs').Place} place @param {string[]} args */
const argv = (place, ...args) => [process.execPath, VARVE_CLI, '--json', '--repo', place.repository, ...args]

/** @param {import('../subjects.mjs').Place} place @returns {import('../subjects.mjs').Command} */
const uncompressed = (place) => ({ argv: argv(place, 'snapshot', place.corpus, '--ref', 'bench', '--compression', 'none'), warm: place.corpus })

/** @type {import('../subjects.mjs').Subject} */
export const varve = {
  name: 'varve',
  kind: 'varve',
  versionArgv: [process.execPath, VARVE_CLI, '--version'],
  uncounted: ['cache'],
  // The first snapshot creates the repository.
  prepare: () => undefined,
  command(job, place) {
    const { corpus, repository, target } = place
    switch (job) {
      case 'first':
      case 'unchanged':
        return { argv: argv(place, 'snapshot', corpus, '--ref', 'bench'), warm: corpus }
      case 'inserted':
        return { argv: argv(place, 'snapshot', place.inserted, '--ref', 'bench'), warm: place.inserted }
      case 'first-uncompressed':
        return uncompressed(place)
      case 'first-unsynced':
        return hasStrace() ? withoutFsync(uncompressed(place)) : undefined
      case 'verify':
      case 'verify-uncompressed':
        return { argv: argv(place, 'verify'), warm: repository }
      case 'checkout':
        return { argv: argv(place, 'checkout', 'bench', target), warm: repository }
      default:
        return undefined
    }
  },
}
