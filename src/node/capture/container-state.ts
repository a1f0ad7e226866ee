import { existsSync } from 'node:fs'
import type { ContainerState } from '../../run/capture-interface.ts'
import type { Variables } from './git-command.ts'

export interface ContainerSources {
  /** What the caller says. */
  readonly image: string | undefined
  readonly variables: Variables
  readonly timeoutMs: number
  /** Whether this process runs in a container at all. */
  readonly isContainer?: () => boolean
}

export interface FoundContainer {
  readonly container: ContainerState | null
  readonly missing: readonly string[]
}

const DIGEST = /^(?:[^@\s]+@)?(sha256:[0-9a-f]{64})$/
/** Answers of metadata services are small. */
const MAX_ANSWER_BYTES = 1024 * 1024

/**
 * The digest of the container image that this process runs in: what the caller says, else VARVE_IMAGE, else what Amazon ECS says (task metadata endpoint, version 4). Never a tag, and never a guess: a digest is
 * taken from the first of these that is there at all.
 */
export async function containerState({ image, variables, timeoutMs, isContainer = inContainer }: ContainerSources): Promise<FoundContainer> {
  const told = image === undefined ? ([variables['VARVE_IMAGE'], 'VARVE_IMAGE'] as const) : ([image, 'option'] as const)
  const [text, source] = told
  if (text !== undefined && text !== '') {
    const digest = DIGEST.exec(text)?.[1]
    return digest === undefined ? { container: null, missing: [`The container image is not known: the ${source === 'option' ? 'image option' : source} names no digest (sha256: and 64 hex digits)`] } : { container: { digest, source }, missing: [] }
  }
  const endpoint = variables['ECS_CONTAINER_METADATA_URI_V4']
  if (endpoint !== undefined && endpoint !== '') return fromEcs(endpoint, timeoutMs)
  return { container: null, missing: isContainer() ? ['This runs in a container whose image is not known: pass its digest as the image option or in VARVE_IMAGE'] : [] }
}

async function fromEcs(endpoint: string, timeoutMs: number): Promise<FoundContainer> {
  try {
    const answer = await fetch(endpoint, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' })
    const text = answer.ok ? await answer.text() : ''
    const id = text === '' || text.length > MAX_ANSWER_BYTES ? undefined : (JSON.parse(text) as { readonly ImageID?: unknown } | null)?.ImageID
    const digest = typeof id === 'string' ? DIGEST.exec(id)?.[1] : undefined
    return digest === undefined ? unknown(`its answer (status ${answer.status}) names no digest`) : { container: { digest, source: 'ecs' }, missing: [] }
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
