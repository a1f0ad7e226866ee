import { askService } from './ask-service.ts'

/**
 * The digest of the image of a container, as the engine says through its socket (Docker Engine API; Podman answers the same): that under which the image is in a registry, and not the one of its configuration, by which it cannot be pulled.
 * @param container its id, or its host name, which is the beginning of that unless somebody gave another
 * @throws Error with the reason, in words, if it does not say
 */
export async function dockerImage(socketPath: string, container: string, timeoutMs: number): Promise<string> {
  const ask = async (path: string): Promise<Readonly<Record<string, unknown>>> => ((await askService(`http://localhost${path}`, timeoutMs, { socketPath })) ?? {}) as Readonly<Record<string, unknown>>
  const { Id: own, Image: id, Config: config } = await ask(`/containers/${encodeURIComponent(container)}/json`)
  // A host name may be what somebody has called another container.
  if (typeof own !== 'string' || !own.startsWith(container)) throw new Error('the container that it has by that name is another')
  if (typeof id !== 'string') throw new Error('it does not say from which image the container is')
  const { RepoDigests: digests } = await ask(`/images/${encodeURIComponent(id)}/json`)
  const found = (Array.isArray(digests) ? digests : []).flatMap((text): readonly { readonly name: string; readonly digest: string }[] => {
    const [, name, digest] = typeof text === 'string' ? (/^([^@\s]+)@(sha256:[0-9a-f]{64})$/.exec(text) ?? []) : []
    return name === undefined || digest === undefined ? [] : [{ name, digest }]
  })
  // An image may be in several registries, packed otherwise in each.
  const asked = (config as { readonly Image?: unknown } | undefined)?.Image
  const ofName = found.filter(({ name }) => typeof asked === 'string' && (asked === name || asked.startsWith(`${name}:`) || asked.startsWith(`${name}@`)))
  const all = new Set((ofName.length > 0 ? ofName : found).map(({ digest }) => digest))
  const [digest] = all
  if (digest === undefined) throw new Error('the image is in no registry that it knows of: it was built there and never pushed')
  if (all.size > 1) throw new Error(`the image has several digests: ${[...all].join(', ')}`)
  return digest
}
