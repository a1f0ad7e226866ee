import { CREDENTIALS } from './server.mjs'

/** @typedef {import('../macro/subjects.mjs').Subject} Subject */
/** @typedef {import('../macro/subjects.mjs').Place} Place */

/** A bundle of certificates is of no use on 127.0.0.1, and some versions of rclone refuse to start with it. */
const WITHOUT_BUNDLE = ['env', '-u', 'AWS_CA_BUNDLE']

/** Copies the files as they are: an object each. @type {Subject} */
export const rclone = {
  name: 'rclone',
  kind: 'peer',
  jobs: ['push', 'clone'],
  versionArgv: ['rclone', 'version'],
  prepare: () => undefined,
  command: (job, place) => rcloneCommand(job, place, place.corpus),
}

/** One file as large as the corpus: what moving the bytes costs at least. @type {Subject} */
export const rcloneFile = {
  name: 'rclone of one file',
  kind: 'native',
  jobs: ['push', 'clone'],
  versionArgv: ['rclone', 'version'],
  prepare: ({ corpus, repository }) => ({ argv: ['sh', '-e', '-c', 'mkdir "$2"; find "$1" -type f -print0 | xargs -0 cat | head -c "$(find "$1" -type f -printf "%s\\n" | awk \'{ sum += $1 } END { print sum }\')" >"$2/file"', 'sh', corpus, repository] }),
  command: (job, place) => rcloneCommand(job, place, place.repository),
}

/**
 * @param {import('../macro/jobs.mjs').JobName} job
 * @param {Place} place
 * @param {string} folder
 * @returns {import('../macro/subjects.mjs').Command | undefined}
 */
function rcloneCommand(job, { remote, clone, cache }, folder) {
  if (remote === undefined) return undefined
  const there = `bench:${remote.bucket}/${remote.prefix}`
  const env = { ...CREDENTIALS, RCLONE_CONFIG: `${cache}/rclone.conf`, RCLONE_CONFIG_BENCH_TYPE: 's3', RCLONE_CONFIG_BENCH_PROVIDER: 'Other', RCLONE_CONFIG_BENCH_ENV_AUTH: 'true', RCLONE_CONFIG_BENCH_ENDPOINT: remote.endpoint }
  return { argv: [...WITHOUT_BUNDLE, 'rclone', 'copy', ...(job === 'push' ? [folder, there] : [there, clone])], env, warm: folder }
}

/** Begins a project, takes the corpus in as one folder (which is not measured), and names the remote. */
const BEGIN = `
mkdir "$1"; cd "$1"
git init -q .; dvc init -q; dvc remote add -q -d bench "s3://$3/$4"; dvc remote modify bench endpointurl "$5"
cp -a "$2" data; dvc add -q data`

/** A project of DVC, which stores a file as an object under its MD5. @type {Subject} */
export const dvc = {
  name: 'dvc',
  kind: 'peer',
  jobs: ['push', 'clone'],
  versionArgv: ['dvc', '--version'],
  prepare: (place) => (place.remote === undefined ? undefined : { argv: ['sh', '-e', '-c', BEGIN, 'sh', place.repository, place.corpus, place.remote.bucket, place.remote.prefix, place.remote.endpoint], env: dvcEnv(place) }),
  command(job, place) {
    const env = dvcEnv(place)
    if (place.remote === undefined) return undefined
    if (job === 'push') return { argv: ['dvc', 'push', '-q'], cwd: place.repository, env, warm: place.repository }
    // What a colleague has: the project without its cache.
    return { argv: ['sh', '-e', '-c', 'mkdir "$2"; cd "$2"; cp -a "$1/.git" "$1/.dvcignore" "$1/data.dvc" .; mkdir .dvc; cp "$1/.dvc/config" .dvc; dvc pull -q', 'sh', place.repository, place.clone], env, warm: place.repository }
  },
}

/** @param {Place} place */
function dvcEnv({ cache }) {
  return { ...CREDENTIALS, DVC_NO_ANALYTICS: '1', DVC_SITE_CACHE_DIR: `${cache}/site`, DVC_GLOBAL_CONFIG_DIR: `${cache}/global`, DVC_SYSTEM_CONFIG_DIR: `${cache}/system` }
}
