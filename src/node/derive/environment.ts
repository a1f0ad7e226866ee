import { InvalidArgumentError } from '../../errors.ts'
import type { Environment, EnvironmentPolicy } from '../../recipe/interface.ts'

export interface EnvironmentSources {
  /** Digest, in hex, of the program that a command starts; undefined for functions, which Node runs. */
  readonly program?: string | undefined
  /** Digest of the lock file in use, in hex, if there is one. */
  readonly lockFile: string | undefined
  /** Digest of the container image that the recipe runs in, as whoever started it says. */
  readonly image: string | undefined
}

const IMAGE_DIGEST = /^sha256:[0-9a-f]{64}$/

/**
 * What of this machine is part of a derivation, by the policy of its recipe. `runtime`: Node's version, or for a command the program that it starts, the system and the processor's architecture; `locked`: that and the lock file,
 * an absent one too; `image`: the image's digest alone.
 *
 * @throws InvalidArgumentError if the policy is `image` and no image is named by its digest
 */
export function environmentOf(policy: EnvironmentPolicy, { lockFile, image, program }: EnvironmentSources): Environment {
  const runner = program === undefined ? (['node', process.versions.node] as const) : (['program', program] as const)
  const runtime = [['architecture', process.arch], runner, ['platform', process.platform]] as const
  switch (policy) {
    case 'none': return { policy, facts: [] }
    case 'runtime': return { policy, facts: runtime }
    case 'locked': return { policy, facts: [...runtime, ['lock-file', lockFile ?? 'none']] }
    case 'image': {
      if (image === undefined || !IMAGE_DIGEST.test(image)) {
        throw new InvalidArgumentError(image === undefined ? 'The recipe wants to be tied to a container image, and none was named' : `"${image}" is not the digest of a container image`, {
          data: { image }, hint: 'Pass the digest, sha256: and 64 hex digits (`docker image inspect` shows it); a tag may mean another image tomorrow.',
        })
      }
      return { policy, facts: [['image', image]] }
    }
  }
}
