import { basename } from 'node:path'
import { InvalidArgumentError } from '../../errors.ts'
import { byteTextOfPath } from '../byte-text.ts'
import type { FoundCode } from '../code/interface.ts'
import { secretRuleFor } from '../default-ignores.ts'
import { shownNames } from '../execution/shown-names.ts'

/** Code is stored for good, and goes wherever the repository does. @throws InvalidArgumentError naming files that a snapshot would leave out as passwords or keys */
export function assertNoSecrets(name: string, { files }: Pick<FoundCode, 'files'>): void {
  const secrets = files.map(({ path }) => path).filter((path) => secretRuleFor(byteTextOfPath(basename(path))) !== undefined)
  if (secrets.length === 0) return
  throw new InvalidArgumentError(`The code of ${name} has files in it that look like passwords or keys, and it would be stored for good: ${shownNames(secrets)}`, {
    data: { files: secrets }, hint: 'Leave them out, and take what is secret from outside of what the repository keeps. Files that hold no secret need another name.',
  })
}
