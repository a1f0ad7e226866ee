import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ownContainerId } from '../../../src/node/capture/container-id.ts'
import { type ContainerSources, containerState } from '../../../src/node/capture/container-state.ts'
import { MadeRepositories, write } from './made-repositories.ts'

const made = new MadeRepositories()
const servers: Server[] = []
afterAll(() => {
  made.remove()
  for (const server of servers) server.close().closeAllConnections()
})

const DIGEST = `sha256:${'ab'.repeat(32)}`
const OTHER = `sha256:${'cd'.repeat(32)}`
const CONFIG = `sha256:${'ef'.repeat(32)}`
const ID = '12'.repeat(32)

/** Answers with the JSON that a path has, or 404; a string is sent as it is, and null never. */
async function serve(documents: Readonly<Record<string, unknown>>, at: string | 0, onRequest: (request: IncomingMessage) => void = () => undefined): Promise<Server> {
  const server = createServer((request, response) => {
    onRequest(request)
    const document = documents[request.url ?? '']
    if (document === null) return
    response.writeHead(document === undefined ? 404 : 200).end(typeof document === 'string' ? document : JSON.stringify(document ?? {}))
  })
  servers.push(server)
  await new Promise<void>((resolve) => (at === 0 ? server.listen(0, '127.0.0.1', resolve) : server.listen(at, resolve)))
  return server
}

const inside = (sources: Partial<ContainerSources>) => containerState({ image: undefined, variables: {}, timeoutMs: 2000, isContainer: () => true, containerId: () => ID, sockets: [], account: '/nonexistent', ...sources })

const UNKNOWN = 'This runs in a container whose image is not known: pass its digest as the image option or in VARVE_IMAGE'

describe.runIf(process.platform !== 'win32')('the image of a container that Docker has started', () => {
  async function engine(container: unknown, image: unknown): Promise<string> {
    const socket = join(made.folder(), 'docker.sock')
    await serve({ [`/containers/${ID}/json`]: container, [`/images/${encodeURIComponent(CONFIG)}/json`]: image }, socket)
    return socket
  }
  const STARTED = { Id: ID, Image: CONFIG, Config: { Image: 'registry.example/trainer:2' } }

  it('has the digest that a registry has it by', async () => {
    const socket = await engine(STARTED, { RepoDigests: [`registry.example/trainer@${DIGEST}`] })
    expect(await inside({ sockets: ['/nonexistent', socket] })).toEqual({ container: { digest: DIGEST, source: 'docker' }, missing: [] })
    expect(await inside({ variables: { DOCKER_HOST: `unix://${socket}` } })).toMatchObject({ container: { source: 'docker' } })
    expect(await inside({ sockets: [socket], isContainer: () => false })).toEqual({ container: null, missing: [] })
  })

  it('of several registries is that of the one that it was started from; otherwise it is not guessed', async () => {
    const both = { RepoDigests: [`mirror.example/trainer@${OTHER}`, `registry.example/trainer@${DIGEST}`] }
    expect((await inside({ sockets: [await engine(STARTED, both)] })).container?.digest).toBe(DIGEST)
    expect(await inside({ sockets: [await engine({ ...STARTED, Config: { Image: CONFIG } }, both)] })).toEqual({ container: null, missing: [`${UNKNOWN} (the socket of Docker did not say it: the image has several digests: ${OTHER}, ${DIGEST})`] })
  })

  it.each<[string, unknown, unknown, string]>([
    ['was built there', STARTED, { RepoDigests: [] }, 'the image is in no registry that it knows of: it was built there and never pushed'], ['has no digests that are any', STARTED, { RepoDigests: [7, 'a:latest', `a@${DIGEST}0`] }, 'the image is in no registry that it knows of: it was built there and never pushed'],
    ['is of a container that it does not know', undefined, {}, 'it answered with status 404'], ['is not said', { Id: ID }, {}, 'it does not say from which image the container is'], ['is of another that has its name', { ...STARTED, Id: 'other' }, {}, 'the container that it has by that name is another'], ['is said in no JSON', '{', {}, 'its answer is no JSON'], ['is null', 'null', {}, 'the container that it has by that name is another'],
  ])('that %s is not known', async (_what, container, image, why) => {
    expect(await inside({ sockets: [await engine(container, image)] })).toEqual({ container: null, missing: [`${UNKNOWN} (the socket of Docker did not say it: ${why})`] })
  })

  it('is not waited for longer than allowed, nor for a socket that nobody listens to', async () => {
    expect((await inside({ sockets: [await engine(null, {})], timeoutMs: 200 })).missing).toEqual([`${UNKNOWN} (the socket of Docker did not say it: it took longer than 200 ms)`])
    expect((await inside({ variables: { DOCKER_HOST: 'unix:///nonexistent/docker.sock' } })).missing[0]).toContain('the socket of Docker did not say it: connect ENOENT')
  })
})

describe('the image of a container in a pod', () => {
  const PATH = '/api/v1/namespaces/science/pods/train-7'

  async function pod(document: unknown, sources: Partial<ContainerSources> = {}, onRequest?: (request: IncomingMessage) => void) {
    const account = made.folder()
    write(account, { token: 'secret\n', namespace: 'science\n', 'ca.crt': '' })
    const server = await serve({ [PATH]: document }, 0, onRequest)
    return inside({ account, api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, variables: { HOSTNAME: 'train-7' }, ...sources })
  }
  const status = (id: string, image: string) => ({ containerID: `containerd://${id}`, imageID: image })

  it('has the digest that the API says of it', async () => {
    let token: string | undefined
    const one = { status: { containerStatuses: [status(ID, `docker.io/library/trainer@${DIGEST}`)] } }
    expect(await pod(one, {}, ({ headers }) => void (token = headers.authorization))).toEqual({ container: { digest: DIGEST, source: 'kubernetes' }, missing: [] })
    expect(token).toBe('Bearer secret')
    const two = { status: { containerStatuses: [status('34'.repeat(32), `proxy@${OTHER}`), status(ID, `trainer@${DIGEST}`)] } }
    expect((await pod(two)).container?.digest).toBe(DIGEST)
    // One that is being initialised is listed elsewhere, and one that is not listed is not taken for another.
    const initial = { status: { containerStatuses: [status('34'.repeat(32), `app@${OTHER}`)], initContainerStatuses: [status(ID, `init@${DIGEST}`)] } }
    expect((await pod(initial)).container?.digest).toBe(DIGEST)
    const other = { status: { containerStatuses: [status('34'.repeat(32), `app@${OTHER}`)] } }
    expect((await pod(other)).missing).toEqual([`${UNKNOWN} (the API of Kubernetes did not say it: it does not list this container)`])
    expect((await pod(two, { containerId: () => undefined })).missing).toEqual([`${UNKNOWN} (the API of Kubernetes did not say it: the pod has 2 containers, and which of them this is is not known)`])
  })

  it.each<[string, unknown, string]>([
    ['the service account may not read', undefined, 'it answered with status 404'], ['has no containers', { status: {} }, 'it says nothing of the containers of the pod'], ['is null', 'null', 'it says nothing of the containers of the pod'], ['lists another', { status: { containerStatuses: [status('34'.repeat(32), `x@${DIGEST}`)] } }, 'it does not list this container'],
    ['has an image without a name', { status: { containerStatuses: [status(ID, CONFIG)] } }, 'it names no digest of the image'], ['has a null in it', { status: { containerStatuses: [null] } }, 'it does not list this container'],
  ])('that %s is not known', async (_what, document, why) => {
    expect(await pod(document)).toEqual({ container: null, missing: [`${UNKNOWN} (the API of Kubernetes did not say it: ${why})`] })
  })

  it('is asked for after a socket that does not know the container', async () => {
    const one = { status: { containerStatuses: [status(ID, `trainer@${DIGEST}`)] } }
    expect(await pod(one, { variables: { HOSTNAME: 'train-7', DOCKER_HOST: 'unix:///nonexistent' } })).toMatchObject({ container: { source: 'kubernetes' }, missing: [] })
  })
})

describe('which container this is', () => {
  it.each([
    ['Docker', '/proc/self/mountinfo', `625 602 254:1 /var/lib/docker/containers/${ID}/hostname /etc/hostname rw - ext4`], ['Podman', '/proc/self/mountinfo', `1 2 0:3 /containers/storage/overlay-containers/${ID}/userdata/hostname /etc/hostname rw - tmpfs`],
    ['Docker, by its group', '/proc/self/cgroup', `12:cpu:/docker/${ID}`], ['containerd', '/proc/self/cgroup', `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${ID}.scope`], ['Kubernetes', '/proc/self/cgroup', `1:name=systemd:/kubepods/burstable/pod1/${ID}`],
  ])('is told by %s', (_engine, path, text) => {
    expect(ownContainerId((read) => (read === path ? `x\n${text}\ny` : ''))).toBe(ID)
  })

  it('is not told outside of any', () => {
    expect(ownContainerId(() => `0::/user.slice\n1 2 0:3 / /tmp rw\n/images/${ID}/x\n${ID}`)).toBeUndefined()
  })
})
