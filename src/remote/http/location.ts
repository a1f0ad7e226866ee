import { InvalidArgumentError } from '../../errors.ts'

/** Says in an address that a server's 403 stands for absence too; see `HttpSettings.forbiddenIsAbsent`. */
export const FORBIDDEN_IS_ABSENT = '#absent=403'

/**
 * The folder that an address of http or https names, ending in `/`.
 * @throws InvalidArgumentError if it is something else, has a fragment that is not known, or holds credentials, which the message does not repeat
 */
export function parseHttpUrl(text: string): { readonly base: URL; readonly forbiddenIsAbsent: boolean } {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new InvalidArgumentError('The address of a web server begins with http:// or https://', { hint: 'Write https://host/folder.' })
  if (url.username !== '' || url.password !== '' || url.search !== '') {
    throw new InvalidArgumentError('The address of a repository on a web server must hold neither credentials nor a query', { hint: 'Only what everybody may read is read over HTTP; reach other repositories by s3:// or as a folder.' })
  }
  if (url.hash !== '' && url.hash !== FORBIDDEN_IS_ABSENT) {
    throw new InvalidArgumentError(`The address of a repository on a web server ends in "${url.hash}", which is not known`, { data: { fragment: url.hash }, hint: `After the # there may be ${FORBIDDEN_IS_ABSENT} alone, for a server that answers 403 for what is absent.` })
  }
  const forbiddenIsAbsent = url.hash === FORBIDDEN_IS_ABSENT
  url.hash = ''
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return { base: url, forbiddenIsAbsent }
}
