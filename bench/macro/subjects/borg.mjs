/** Without encryption, and with lz4, its default compression. */
/** @type {import('../subjects.mjs').Subject} */
export const borg = {
  name: 'borg',
  kind: 'peer',
  versionArgv: ['borg', '--version'],
  prepare: (place) => ({ argv: ['borg', 'init', '--encryption', 'none', place.repository], env: env(place) }),
  command(job, place) {
    const { corpus, repository, target } = place
    const archive = `${repository}::${job === 'unchanged' ? 'second' : 'first'}`
    switch (job) {
      case 'first':
      case 'unchanged':
        return { argv: ['borg', 'create', archive, '.'], cwd: corpus, env: env(place), warm: corpus }
      case 'first-uncompressed':
        return { argv: ['borg', 'create', '--compression', 'none', archive, '.'], cwd: corpus, env: env(place), warm: corpus }
      case 'verify':
        return { argv: ['borg', 'check', '--verify-data', repository], env: env(place), warm: repository }
      case 'checkout':
        return { argv: ['borg', 'extract', archive], cwd: target, env: env(place), warm: repository }
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

/** @param {import('../subjects.mjs').Place} place */
function env(place) {
  return { BORG_BASE_DIR: place.cache, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: 'yes', BORG_RELOCATED_REPO_ACCESS_IS_OK: 'yes' }
}
