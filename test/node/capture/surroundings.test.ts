import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ciState } from '../../../src/node/capture/ci-state.ts'
import { containerState } from '../../../src/node/capture/container-state.ts'
import { runtimeState } from '../../../src/node/capture/runtime-state.ts'
import { fakeProgram, MadeRepositories, VARIABLES } from './made-repositories.ts'

const made = new MadeRepositories()
const servers: Server[] = []
afterAll(() => {
  made.remove()
  for (const server of servers) server.close().closeAllConnections()
})

const DIGEST = `sha256:${'ab'.repeat(32)}`
const OTHER = `sha256:${'cd'.repeat(32)}`

/** A metadata endpoint that answers so. */
async function endpoint(status: number, body: string, isSilent = false): Promise<string> {
  const server = createServer((_request, response) => {
    if (!isSilent) response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/v4/task`
}

describe('the container image', () => {
  const of = (image: string | undefined, variables: Readonly<Record<string, string>>, isContainer = false) => containerState({ image, variables, timeoutMs: 300, isContainer: () => isContainer })

  it('is the one that the caller names, then that of VARVE_IMAGE, then that of ECS', async () => {
    const ECS_CONTAINER_METADATA_URI_V4 = await endpoint(200, JSON.stringify({ Image: 'trainer:latest', ImageID: OTHER }))
    expect(await of(DIGEST, { VARVE_IMAGE: OTHER, ECS_CONTAINER_METADATA_URI_V4 })).toEqual({ container: { digest: DIGEST, source: 'option' }, missing: [] })
    expect(await of(undefined, { VARVE_IMAGE: `registry.example/trainer@${DIGEST}`, ECS_CONTAINER_METADATA_URI_V4 })).toEqual({ container: { digest: DIGEST, source: 'VARVE_IMAGE' }, missing: [] })
    expect(await of(undefined, { ECS_CONTAINER_METADATA_URI_V4 })).toEqual({ container: { digest: OTHER, source: 'ecs' }, missing: [] })
  })

  it('is never guessed', async () => {
    expect(await of('trainer:latest', { VARVE_IMAGE: DIGEST })).toEqual({ container: null, missing: ['The container image is not known: the image option names no digest (sha256: and 64 hex digits)'] })
    expect((await of(undefined, { VARVE_IMAGE: `${DIGEST}0` })).container).toBeNull()
    for (const body of [JSON.stringify({ ImageID: 'trainer:latest' }), JSON.stringify({ Image: DIGEST }), 'null', '[]', '{', '']) {
      const { container, missing } = await of(undefined, { ECS_CONTAINER_METADATA_URI_V4: await endpoint(200, body) })
      expect(container, body).toBeNull()
      expect(missing[0], body).toMatch(/^The container image is not known: the metadata endpoint of ECS did not say it: /)
    }
    expect((await of(undefined, { ECS_CONTAINER_METADATA_URI_V4: await endpoint(500, JSON.stringify({ ImageID: DIGEST })) })).container).toBeNull()
  })

  it('is not waited for longer than allowed', async () => {
    const started = performance.now()
    expect((await of(undefined, { ECS_CONTAINER_METADATA_URI_V4: await endpoint(200, '', true) })).missing).toHaveLength(1)
    expect((await of(undefined, { ECS_CONTAINER_METADATA_URI_V4: 'http://127.0.0.1:1/' })).missing).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(3000)
  })

  it('is missed in a container, and not outside', async () => {
    expect(await of(undefined, {}, false)).toEqual({ container: null, missing: [] })
    // Nor is it asked of a socket that the machine of the tests may have.
    expect(await containerState({ image: undefined, variables: {}, timeoutMs: 300, isContainer: () => true, sockets: [], account: '/nonexistent' })).toEqual({ container: null, missing: ['This runs in a container whose image is not known: pass its digest as the image option or in VARVE_IMAGE'] })
  })
})

describe('the job of a CI system', () => {
  it.each([
    [{ GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '2', GITHUB_SERVER_URL: 'https://github.example', GITHUB_REPOSITORY: 'ada/r', CI: 'true' }, { system: 'GitHub Actions', run: '7 (attempt 2)', url: 'https://github.example/ada/r/actions/runs/7' }],
    [{ GITHUB_ACTIONS: 'true', GITHUB_RUN_ID: '7', GITHUB_RUN_ATTEMPT: '1' }, { system: 'GitHub Actions', run: '7', url: null }],
    [{ GITLAB_CI: 'true', CI_JOB_ID: '8', CI_JOB_URL: 'https://gitlab.example/8' }, { system: 'GitLab CI', run: '8', url: 'https://gitlab.example/8' }],
    [{ JENKINS_URL: 'https://j', BUILD_TAG: 'jenkins-x-9', BUILD_URL: 'https://u:p@j/9' }, { system: 'Jenkins', run: 'jenkins-x-9', url: 'https://j/9' }],
    [{ BUILDKITE: 'true', BUILDKITE_JOB_ID: 'a-b', BUILDKITE_BUILD_URL: 'https://b/1' }, { system: 'Buildkite', run: 'a-b', url: 'https://b/1' }],
    [{ CI: '1' }, { system: 'CI', run: null, url: null }],
    [{ CI: 'false', GITHUB_ACTIONS: 'false' }, null],
    [{}, null],
  ])('of %o is %o', (variables, state) => {
    expect(ciState(variables as Readonly<Record<string, string>>)).toEqual(state)
  })
})

describe('the runtime', () => {
  it('is that of this process and machine', async () => {
    const { runtime } = await runtimeState({ variables: VARIABLES, timeoutMs: 2000 })
    expect(runtime.versions['node']).toBe(process.versions.node)
    expect(runtime).toMatchObject({ platform: process.platform, architecture: process.arch, execArgv: process.execArgv })
    expect(runtime.cpu.threads).toBeGreaterThan(0)
    expect(runtime.memoryBytes).toBeGreaterThan(1e6)
    if (process.platform === 'linux') expect(runtime.libc).toMatch(/^(glibc \d+\.\d+|musl)/)
  })

  it.runIf(process.platform !== 'win32')('has the graphics processors that nvidia-smi names, or null and why', async () => {
    const ask = (PATH: string) => runtimeState({ variables: { PATH }, timeoutMs: 300 })
    const [two, none, broken, slow] = await Promise.all([
      ask(fakeProgram(join(made.folder(), 'bin'), 'nvidia-smi', 'echo "NVIDIA A100, 535.1, 81920 MiB"; echo " NVIDIA A100, 535.1, 81920 MiB"')),
      ask(made.folder()),
      ask(fakeProgram(join(made.folder(), 'bin'), 'nvidia-smi', 'echo "NVIDIA-SMI has failed"; exit 9')),
      ask(fakeProgram(join(made.folder(), 'bin'), 'nvidia-smi', 'exec sleep 60')),
    ])
    expect(two.runtime.gpus).toEqual(['NVIDIA A100, 535.1, 81920 MiB', 'NVIDIA A100, 535.1, 81920 MiB'])
    expect(none).toMatchObject({ runtime: { gpus: null }, missing: [] })
    expect(broken).toMatchObject({ runtime: { gpus: null }, missing: ['The graphics processors are not known: nvidia-smi failed: NVIDIA-SMI has failed'] })
    expect(slow).toMatchObject({ runtime: { gpus: null }, missing: ['The graphics processors are not known: nvidia-smi took longer than 300 ms'] })
  })
})
