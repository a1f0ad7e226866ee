/**
 * A tool of the system that does the least that a job must do, in a shell of its own in the corpus. `$1` is the target folder.
 * @param {string} name
 * @param {Partial<Record<import('../jobs.mjs').JobName, string>>} scripts
 * @param {string[]} versionArgv
 * @returns {import('../subjects.mjs').Subject}
 */
function nativeTool(name, scripts, versionArgv = [name, '--version']) {
  return {
    name,
    kind: 'native',
    versionArgv,
    prepare: () => undefined,
    command(job, { corpus, target }) {
      const script = scripts[job]
      return script === undefined ? undefined : { argv: ['sh', '-e', '-c', script, 'sh', target], cwd: corpus, warm: corpus }
    },
  }
}

const HASH_EACH_FILE = 'find . -type f -print0 | xargs -0 openssl dgst -sha256 >/dev/null'

/** Reads and hashes every file: what identity by content costs at least, on one thread. */
export const openssl = nativeTool(
  'openssl',
  { first: HASH_EACH_FILE, verify: HASH_EACH_FILE, inserted: HASH_EACH_FILE, 'first-uncompressed': HASH_EACH_FILE, 'verify-uncompressed': HASH_EACH_FILE, 'first-unsynced': HASH_EACH_FILE },
  ['openssl', 'version'],
)

/** Reads, or copies, a tree as one stream. GNU tar reads nothing when it writes to /dev/null itself, hence `cat`. */
export const tar = nativeTool('tar', { first: 'tar cf - . | cat >/dev/null', checkout: 'tar cf - . | tar xf - -C "$1"' })

/** Looks at every file's status. The option is GNU's. */
export const find = nativeTool('find', { unchanged: "find . -printf '%p %s %T@ %C@ %i\\n' >/dev/null" })

/** Starts the interpreter and does nothing in it. */
export const node = nativeTool('node', { unchanged: `'${process.execPath}' -e 0` }, [process.execPath, '--version'])

/** Copies the tree. */
export const cp = nativeTool('cp', { checkout: 'cp -a . "$1"' })
