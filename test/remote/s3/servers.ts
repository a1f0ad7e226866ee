import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

export const CREDENTIALS = { accessKeyId: 'varvetests', secretAccessKey: 'varve-tests-secret' } as const

/** A kind of S3 server, and how it is started. */
interface Make {
  readonly name: string
  readonly program: string
  readonly arguments: (folder: string, ports: readonly number[]) => readonly string[]
  readonly ports: number
}

export const MAKES: readonly Make[] = [
  {
    name: 'versitygw', program: 'versitygw', ports: 1,
    arguments: (folder, [port]) => {
      for (const name of ['objects', 'facts']) mkdirSync(join(folder, name))
      return ['--access', CREDENTIALS.accessKeyId, '--secret', CREDENTIALS.secretAccessKey, '--port', `127.0.0.1:${port}`, 'posix', '--sidecar', join(folder, 'facts'), join(folder, 'objects')]
    },
  },
  { name: 'MinIO', program: 'minio', ports: 1, arguments: (folder, [port]) => ['server', '--quiet', '--address', `127.0.0.1:${port}`, join(folder, 'objects')] },
  {
    name: 'SeaweedFS', program: 'weed', ports: 8,
    arguments: (folder, [port, ...others]) => {
      const config = join(folder, 's3.json')
      writeFileSync(config, JSON.stringify({ identities: [{ name: 'tests', credentials: [{ accessKey: CREDENTIALS.accessKeyId, secretKey: CREDENTIALS.secretAccessKey }], actions: ['Admin', 'Read', 'Write', 'List', 'Tagging'] }] }))
      const [master, masterRpc, volume, volumeRpc, filer, filerRpc, s3Rpc] = others
      return [
        'server', `-dir=${folder}`, '-ip=127.0.0.1', '-ip.bind=127.0.0.1', `-master.port=${master}`, `-master.port.grpc=${masterRpc}`, `-volume.port=${volume}`, `-volume.port.grpc=${volumeRpc}`, '-master.volumeSizeLimitMB=256', '-volume.max=30',
        '-filer', `-filer.port=${filer}`, `-filer.port.grpc=${filerRpc}`, '-s3', `-s3.port=${port}`, `-s3.port.grpc=${s3Rpc}`, `-s3.config=${config}`, '-s3.port.iceberg=0',
      ]
    },
  },
]

/** A running server with a bucket in it. */
export interface RunningServer {
  readonly endpoint: string
  readonly bucket: string
  /** Of the server's process. */
  readonly pid: number
  readonly stop: () => Promise<void>
}

/** The program of a make, in the folder that VARVE_S3_SERVERS names or on the search path; undefined if it is nowhere. */
export function programOf({ program }: Make): string | undefined {
  const folders = [process.env['VARVE_S3_SERVERS'], ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders.flatMap((folder) => (folder === undefined || folder === '' ? [] : [join(folder, program)])).find((path) => existsSync(path))
}

/** Those that can be started here, or all that are missing for a message. */
export const INSTALLED: readonly Make[] = MAKES.filter((make) => programOf(make) !== undefined)
export const MISSING: readonly string[] = MAKES.filter((make) => programOf(make) === undefined).map(({ program }) => program)

/** Starts a server on free ports with a folder of its own, and makes a bucket. */
export async function startServer(make: Make, bucket: string = 'varve'): Promise<RunningServer> {
  const program = programOf(make)
  if (program === undefined) throw new Error(`${make.program} is neither in VARVE_S3_SERVERS nor on the search path`)
  const folder = mkdtempSync(join(tmpdir(), 'varve-s3-'))
  const ports = await freePorts(make.ports)
  const child = spawn(program, make.arguments(folder, ports), {
    stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, MINIO_ROOT_USER: CREDENTIALS.accessKeyId, MINIO_ROOT_PASSWORD: CREDENTIALS.secretAccessKey, MINIO_BROWSER: 'off' },
  })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => said.push(text.toString()))
  const endpoint = `http://127.0.0.1:${ports[0]}`
  const stop = async (): Promise<void> => {
    await ended(child)
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  try {
    await makeBucket(endpoint, bucket, child)
  } catch (error) {
    await stop()
    throw new Error(`${make.name} does not serve: ${said.join('').slice(-2000)}`, { cause: error })
  }
  return { endpoint, bucket, pid: child.pid ?? 0, stop }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(servers.map((server) => new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })))
  await Promise.all(servers.map((server) => new Promise((resolve) => {
    server.close(resolve)
  })))
  return ports
}

async function makeBucket(endpoint: string, bucket: string, child: ChildProcess): Promise<void> {
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: CREDENTIALS, maxAttempts: 1 })
  const until = Date.now() + 60_000
  try {
    for (;;) {
      try {
        await client.send(new CreateBucketCommand({ Bucket: bucket }))
        return
      } catch (error) {
        if (error instanceof Error && error.name === 'BucketAlreadyOwnedByYou') return
        if (Date.now() > until || child.exitCode !== null) throw error
        await new Promise((resolve) => {
          setTimeout(resolve, 200)
        })
      }
    }
  } finally {
    client.destroy()
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  await new Promise((resolve) => {
    child.once('exit', resolve)
    child.kill('SIGKILL')
  })
}
