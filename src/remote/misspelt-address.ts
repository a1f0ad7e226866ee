import { InvalidArgumentError } from '../errors.ts'

/** Begins with a kind of address, and goes on as none does. */
const MISSPELT = /^(?:s3|https?)(?::(?!\/\/)|;|\/\/)/i

/** What is nearly an address must not become a folder of that name. @throws InvalidArgumentError that says what an address looks like; `data.location` is what was given */
export function assertNotMisspelt(location: string): void {
  if (!MISSPELT.test(location)) return
  throw new InvalidArgumentError(`"${location}" is nearly an address, and would be taken for a folder`, {
    data: { location }, hint: `An address looks like s3://bucket/prefix?endpoint=https://host or https://host/folder. If a folder of that name is meant, write ./${location}`,
  })
}
