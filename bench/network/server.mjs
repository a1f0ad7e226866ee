import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'varvebench', AWS_SECRET_ACCESS_KEY: 'varve-bench-secret', AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true' }
const BUCKET = 'bench'
const STARTS_WITHIN_MS = 60_000

/**
 * @typedef {object} Make
 * @property {string} program
 * @property {(folder: string, address: string) => string[]} args `folder` is empty
 *
 * @typedef {object} Server
 * @property {string} program
 * @property {string} version
 * @property {string} endpoint
 * @property {string} bucket
 * @property {() => Promise<void>} stop
 */

/** The first that is installed is taken. Both write to a folder; the first keeps each object as a file. @type {readonly Make[]} */
const MAKES = [
  {
    program: 'versitygw',
    args: (folder, address) => ['--access', CREDENTIALS.AWS_ACCESS_KEY_ID, '--secret', CREDENTIALS.AWS_SECRET_ACCESS_KEY, '--keep-alive', '--quiet', '--port', address, 'posix', '--sidecar', made(join(folder, 'facts')), made(join(folder, 'objects'))],
  },
  { program: 'minio', args: (folder, address) => ['server', '--quiet', '--address', address, made(join(folder, 'objects'))] },
]

/** Whether a server of S3 is in the folder that VARVE_S3_SERVERS names, or on the search path. */
export const hasServer = () => MAKES.some((make) => programOf(make) !== undefined)

/**
 * Starts a server on 127.0.0.1 that keeps its objects below `folder`, and makes a bucket.
 * @param {string} folder
 * @returns {Promise<Server>}
 * @throws Error if none is installed, or it does not serve within a minute
 */
export async function startServer(folder) {
  const make = MAKES.find((make) => programOf(make) !== undefined)
  const program = make === undefined ? undefined : programOf(make)
  if (make === undefined || program === undefined) throw new Error('No server of S3 is installed')
  const port = await freePort()
  const child = spawn(program, make.args(made(folder), `127.0.0.1:${port}`), {
    cwd: folder, stdio: 'ignore', env: { PATH: process.env.PATH, HOME: folder, MINIO_ROOT_USER: CREDENTIALS.AWS_ACCESS_KEY_ID, MINIO_ROOT_PASSWORD: CREDENTIALS.AWS_SECRET_ACCESS_KEY, MINIO_BROWSER: 'off' },
  })
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
  const endpoint = `http://127.0.0.1:${port}`
  try {
    await makeBucket(endpoint, child)
  } catch (cause) {
    await stop()
    throw new Error(`${make.program} does not serve`, { cause })
  }
  const version = /\d+(\.\d+)+\S*|RELEASE\.\S+/.exec(spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout)?.[0] ?? 'of unknown version'
  return { program: make.program, version, endpoint, bucket: BUCKET, stop }
}

/** @param {Make} make */
function programOf({ program }) {
  const folders = [process.env.VARVE_S3_SERVERS, ...(process.env.PATH ?? '').split(delimiter)]
  return folders.flatMap((folder) => (folder === undefined || folder === '' ? [] : [join(folder, program)])).find((path) => existsSync(path))
}

/** @param {string} folder */
function made(folder) {
  mkdirSync(folder, { recursive: true })
  return folder
}

/** One that was free a moment ago. @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** @param {string} endpoint @param {import('node:child_process').ChildProcess} child */
async function makeBucket(endpoint, child) {
  const client = new S3Client({ endpoint, region: CREDENTIALS.AWS_REGION, forcePathStyle: true, maxAttempts: 1, credentials: { accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID, secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY } })
  const until = Date.now() + STARTS_WITHIN_MS
  try {
    for (;;) {
      try {
        await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
        return
      } catch (error) {
        if (Date.now() > until || child.exitCode !== null) throw error
        await pause(200)
      }
    }
  } finally {
    client.destroy()
  }
}
