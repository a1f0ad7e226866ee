import type { Capture } from '../../../run/capture-interface.ts'
import type { CheckRule, Verdict } from '../interface.ts'
import { declared, missing, proven } from '../verdicts.ts'

export const imageRule: CheckRule = {
  id: 'image', level: 'reproducible', title: 'The container image is pinned by its digest',
  decide: ({ run }) => checkImage(run.started.capture),
}

const DIGEST = /^sha256:[0-9a-f]{64}$/
/** What a person told, and not the system that started the container. */
const TOLD: ReadonlySet<string> = new Set(['option', 'VARVE_IMAGE'])

export function checkImage({ container }: Pick<Capture, 'container'>): Verdict {
  if (container === null) return missing('No container image is recorded', 'Run in a container, and give the digest of its image: --image sha256:…, or VARVE_IMAGE. A tag may mean another image tomorrow.')
  if (!DIGEST.test(container.digest)) return missing(`"${container.digest}" is no digest of an image`, 'Give the digest: --image sha256:…')
  return TOLD.has(container.source) ? declared(`${container.digest}, as ${container.source === 'option' ? 'the image option' : container.source} says`) : proven(`${container.digest}, as ${container.source} says`)
}
