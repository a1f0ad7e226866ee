/** Encrypts always; its own cache is on, as by default, but kept with the repository of the trial. */
/** @type {import('../subjects.mjs').Subject} */
export const restic = {
  name: 'restic',
  kind: 'peer',
  versionArgv: ['restic', 'version'],
  prepare: (place) => ({ argv: argv(place, 'init'), env: ENV }),
  command(job, place) {
    const { corpus, repository, target } = place
    switch (job) {
      case 'first':
      case 'unchanged':
        return { argv: argv(place, 'backup', '.'), cwd: corpus, env: ENV, warm: corpus }
      case 'first-uncompressed':
        return { argv: argv(place, '--compression', 'off', 'backup', '.'), cwd: corpus, env: ENV, warm: corpus }
      case 'verify':
        return { argv: argv(place, 'check', '--read-data'), env: ENV, warm: repository }
      case 'checkout':
        return { argv: argv(place, 'restore', 'latest', '--target', target), env: ENV, warm: repository }
      case 'inserted':
      case 'verify-uncompressed':
      case 'first-unsynced':
      case 'push':
      case 'clone':
      case 'lazy-read':
      case 'changed':
      case 'push-changed':
      default:
        return undefined
    }
  },
}

const ENV = { RESTIC_PASSWORD: 'bench' }

/** @param {import('../subjects.mjs').Place} place @param {string[]} args */
function argv(place, ...args) {
  return ['restic', '--quiet', '--repo', place.repository, '--cache-dir', place.cache, ...args]
}
