import { spawnSync } from 'node:child_process'
import { lstatSync, readFileSync, realpathSync, rmSync } from 'node:fs'

const SYNC_CALLS = 'fsync,fdatasync'
const OPEN_CALLS = 'open,openat,openat2'
/** Only the calls that are asked for stop the program; all others run as without strace. */
const STRACE = ['strace', '-f', '--seccomp-bpf', '-qq', '-e', 'signal=none']
/** Calls made through io_uring are not seen. */
const NO_IO_URING = { UV_USE_IO_URING: '0' }
const OPENED = /= \d+<(\/.*)>$/

/** Whether strace is installed and may trace here. */
export function hasStrace() {
  return spawnSync('strace', [...STRACE.slice(1), '-e', `trace=${SYNC_CALLS}`, '-o', '/dev/null', 'true'], { timeout: 10_000 }).status === 0
}

/**
 * The command with every fsync answered "done" and not done.
 * @param {import('./subjects.mjs').Command} command
 * @returns {import('./subjects.mjs').Command}
 */
export function withoutFsync(command) {
  const argv = [...STRACE, '-e', `trace=${SYNC_CALLS}`, '-e', `inject=${SYNC_CALLS}:retval=0`, '-o', '/dev/null', ...command.argv]
  return { ...command, argv, env: { ...command.env, ...NO_IO_URING } }
}

/**
 * Runs a command, and counts what it opens below a folder.
 * @param {import('./subjects.mjs').Command} command
 * @param {string} folder
 * @param {string} traceFile is made and removed
 * @returns {{ files: number, folders: number }} opens that succeeded
 * @throws Error if the command fails
 */
export function countOpens({ argv, cwd, env }, folder, traceFile) {
  try {
    const { status, stderr } = spawnSync('strace', [...STRACE.slice(1), '-y', '-e', `trace=${OPEN_CALLS}`, '-o', traceFile, ...argv], {
      cwd, env: { ...process.env, ...env, ...NO_IO_URING }, encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`Exit code ${status}: strace ${argv.join(' ')}\n${stderr}`)
    const top = realpathSync(folder)
    const paths = readFileSync(traceFile, 'utf8').split('\n').flatMap((line) => OPENED.exec(line)?.[1] ?? [])
    const below = paths.filter((path) => path === top || path.startsWith(`${top}/`)).map((path) => lstatSync(path).isDirectory())
    return { files: below.filter((isFolder) => !isFolder).length, folders: below.filter((isFolder) => isFolder).length }
  } finally {
    rmSync(traceFile, { force: true })
  }
}
