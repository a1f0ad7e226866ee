import { existsSync } from 'node:fs'
import { hostname } from 'node:os'
import type { ContainerState } from '../../run/capture-interface.ts'
import { askService } from './ask-service.ts'
import { ownContainerId } from './container-id.ts'
import { dockerImage } from './docker-image.ts'
import type { Variables } from './git-command.ts'
import { kubernetesImage } from './kubernetes-image.ts'

export interface ContainerSources {
  /** What the caller says. */
  readonly image: string | undefined
  readonly variables: Variables
  readonly timeoutMs: number
  /** Whether this process runs in a container at all. */
  readonly isContainer?: () => boolean
  /** Where sockets of Docker and its like may be, the folder of a service account of Kubernetes, the address of its API, and which container this is; for tests. */
  readonly sockets?: readonly string[]
  readonly account?: string
  readonly api?: string
  readonly containerId?: () => string | undefined
}

export interface FoundContainer {
  readonly container: ContainerState | null
  readonly missing: readonly string[]
}

const DIGEST = /^(?:[^@\s]+@)?(sha256:[0-9a-f]{64})$/
const SOCKETS: readonly string[] = ['/var/run/docker.sock', '/run/podman/podman.sock']
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * The digest of the container image that this process runs in: what the caller says, else VARVE_IMAGE, else what the metadata endpoint of Amazon ECS (version 4), the socket of Docker or Podman, or the API of Kubernetes says. Never a tag, and never
 * a guess: a digest is taken from the first of these that is there at all, but that an engine which does not know the container is passed over.
 */
export async function containerState({ image, variables, timeoutMs, isContainer = inContainer, sockets = SOCKETS, account = ACCOUNT, api, containerId = ownContainerId }: ContainerSources): Promise<FoundContainer> {
  const told = image === undefined ? ([variables['VARVE_IMAGE'], 'VARVE_IMAGE'] as const) : ([image, 'option'] as const)
  const [text, source] = told
  if (text !== undefined && text !== '') {
    const digest = DIGEST.exec(text)?.[1]
    return digest === undefined ? { container: null, missing: [`The container image is not known: the ${source === 'option' ? 'image option' : source} names no digest (sha256: and 64 hex digits)`] } : { container: { digest, source }, missing: [] }
  }
  const endpoint = variables['ECS_CONTAINER_METADATA_URI_V4']
  if (endpoint !== undefined && endpoint !== '') return fromEcs(endpoint, timeoutMs)
  if (!isContainer()) return { container: null, missing: [] }
  const whys: string[] = []
  const id = containerId()
  const attempt = async (from: string, what: string, find: () => Promise<string>): Promise<FoundContainer | undefined> => {
    try {
      return { container: { digest: await find(), source: from }, missing: [] }
    } catch (error) {
      whys.push(`${what}: ${(error as Error).message}`)
      return undefined
    }
  }
  const socket = socketOf(variables) ?? sockets.find((path) => existsSync(path))
  const address = existsSync(account) ? (api ?? apiOf(variables)) : undefined
  return (
    (socket === undefined ? undefined : await attempt('docker', 'the socket of Docker did not say it', () => dockerImage(socket, id ?? hostname(), timeoutMs))) ??
    (address === undefined ? undefined : await attempt('kubernetes', 'the API of Kubernetes did not say it', () => kubernetesImage({ address, account, pod: variables['HOSTNAME'] ?? hostname(), container: id, timeoutMs }))) ??
    { container: null, missing: [`This runs in a container whose image is not known: pass its digest as the image option or in VARVE_IMAGE${whys.map((why) => ` (${why})`).join('')}`] }
  )
}

/** That which Docker's own variable names. */
function socketOf(variables: Variables): string | undefined {
  const host = variables['DOCKER_HOST']
  return host?.startsWith('unix://') === true ? host.slice('unix://'.length) : undefined
}

/** That of the cluster, as every container in it is told. */
function apiOf({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' }: Variables): string | undefined {
  return host === undefined || host === '' ? undefined : `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function fromEcs(endpoint: string, timeoutMs: number): Promise<FoundContainer> {
  try {
    const id = ((await askService(endpoint, timeoutMs)) as { readonly ImageID?: unknown } | null)?.ImageID
    const digest = typeof id === 'string' ? DIGEST.exec(id)?.[1] : undefined
    return digest === undefined ? unknown('its answer names no digest') : { container: { digest, source: 'ecs' }, missing: [] }
  } catch (error) {
    return unknown((error as Error).message)
  }
}

function unknown(why: string): FoundContainer {
  return { container: null, missing: [`The container image is not known: the metadata endpoint of ECS did not say it: ${why}`] }
}

/** Files that Docker and Podman leave in theirs; Kubernetes leaves a folder of service accounts. */
function inContainer(): boolean {
  return ['/.dockerenv', '/run/.containerenv', '/run/secrets/kubernetes.io'].some((path) => existsSync(path))
}
