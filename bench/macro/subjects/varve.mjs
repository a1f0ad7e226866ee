import { fileURLToPath } from 'node:url'
import { CREDENTIALS } from '../../network/server.mjs'
import { hasStrace, withoutFsync } from '../strace.mjs'

/** The built command line, which `npm run build` makes. */
export const VARVE_CLI = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url))

/** @param {import('../subjects.mjs').Place} place @param {string[]} args */
const argv = (place, ...args) => [process.execPath, VARVE_CLI, '--json', '--repo', place.repository, ...args]

/** @param {import('../subjects.mjs').Place} place @returns {import('../subjects.mjs').Command} */
const uncompressed = (place) => ({ argv: argv(place, 'snapshot', place.corpus, '--ref', 'bench', '--compression', 'none'), warm: place.corpus })

/** @param {import('../subjects.mjs').Place} place @param {(url: string) => import('../subjects.mjs').Command} command */
const remote = ({ remote }, command) => (remote === undefined ? undefined : command(`s3://${remote.bucket}/${remote.prefix}?endpoint=${remote.endpoint}`))

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
      case 'changed':
        return { argv: argv(place, 'snapshot', place.changed, '--ref', 'bench'), warm: place.changed }
      case 'push':
      case 'push-changed':
        return remote(place, (url) => ({ argv: argv(place, 'push', '--to', url), env: CREDENTIALS, warm: repository }))
      case 'clone':
        return remote(place, (url) => ({ argv: [process.execPath, VARVE_CLI, '--json', 'clone', url, place.clone], env: CREDENTIALS, warm: repository }))
      default:
        return undefined
    }
  },
}
