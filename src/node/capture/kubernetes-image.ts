import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { askService } from './ask-service.ts'

/** How a process in a pod asks about the pod. */
export interface KubernetesPlace {
  /** `https://10.0.0.1:443`. */
  readonly address: string
  /** Folder of the service account: `token`, `namespace`, `ca.crt`. */
  readonly account: string
  /** Name of the pod, which is its host name unless somebody gave another. */
  readonly pod: string
  /** Id of the container, if it is known. */
  readonly container: string | undefined
  readonly timeoutMs: number
}

/**
 * The digest of the image of a container, as the API of Kubernetes says of its pod. The service account must be allowed to read pods.
 * @throws Error with the reason, in words, if it does not say
 */
export async function kubernetesImage({ address, account, pod, container, timeoutMs }: KubernetesPlace): Promise<string> {
  const read = (name: string): string => readFileSync(join(account, name), 'utf8').trim()
  const path = `/api/v1/namespaces/${encodeURIComponent(read('namespace'))}/pods/${encodeURIComponent(pod)}`
  const told = (await askService(`${address}${path}`, timeoutMs, { ca: read('ca.crt'), headers: { authorization: `Bearer ${read('token')}` } })) as { readonly status?: Readonly<Record<string, unknown>> } | null
  const listed = ['containerStatuses', 'initContainerStatuses', 'ephemeralContainerStatuses'].flatMap((kind) => {
    const some = told?.status?.[kind]
    return Array.isArray(some) ? (some as readonly unknown[]) : []
  })
  const statuses = listed as readonly ({ readonly containerID?: unknown; readonly imageID?: unknown } | null)[]
  const own = statuses.filter((status) => container !== undefined && typeof status?.containerID === 'string' && status.containerID.endsWith(`//${container}`))
  // One that is known and not listed is not taken for another.
  const candidates = container === undefined ? statuses : own
  if (candidates.length !== 1) throw new Error(statuses.length === 0 ? 'it says nothing of the containers of the pod' : candidates.length === 0 ? 'it does not list this container' : `the pod has ${candidates.length} containers, and which of them this is is not known`)
  const image = candidates[0]?.imageID
  // Without a name it is the digest of the image's configuration, by which it cannot be pulled.
  const digest = typeof image === 'string' ? /@(sha256:[0-9a-f]{64})$/.exec(image)?.[1] : undefined
  if (digest === undefined) throw new Error('it names no digest of the image')
  return digest
}
