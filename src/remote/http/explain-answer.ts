import type { IncomingHttpHeaders } from 'node:http'
import { RequestFailure, type Again } from '../requests/request-failure.ts'
import { FORBIDDEN_IS_ABSENT } from './location.ts'
import { systemFailure } from '../requests/system-failures.ts'

const BY_STATUS: Readonly<Record<number, readonly [string, string, Again, string?]>> = {
  401: ['EACCES', 'the server asks for credentials', 'never', 'Only repositories that everybody may read are read over HTTP; reach this one by s3:// or as a folder.'],
  403: ['EACCES', 'no permission', 'never', 'Check that the server lets everybody read the files of the repository.'],
  407: ['EPROXY', 'a proxy asks for credentials', 'never', 'Sign in to the proxy, or go around it for this host (NO_PROXY).'],
  408: ['ETIMEDOUT', 'the server does not wait any longer', 'soon'],
  429: ['EBUSY', 'the server asks for fewer requests', 'later', 'Wait some minutes, then run the same command again.'],
  503: ['EBUSY', 'the server asks for fewer requests', 'later', 'Wait some minutes, then run the same command again.'],
}

/** What a status that is neither success nor absence means. */
export function explainStatus(status: number, headers: IncomingHttpHeaders): RequestFailure {
  const [reason, what, again, hint] = BY_STATUS[status] ?? (status >= 500 ? ['ESERVER', `the server failed with status ${status}`, 'soon'] : [`HTTP${status}`, `the server answers with status ${status}`, 'never'])
  const wait = headers['retry-after']
  return new RequestFailure({ reason, what, again, status, ...(hint === undefined ? {} : { hint }), ...(wait !== undefined && /^\d{1,4}$/.test(wait) ? { waitMs: Number(wait) * 1000 } : {}) })
}

/** True for an attempt that was answered with 403. */
export function isForbidden(error: unknown): error is RequestFailure {
  return error instanceof RequestFailure && error.details.status === 403
}

/** The 403 of a server that answers so for what is absent too. */
export function forbiddenOrAbsent({ details }: RequestFailure): RequestFailure {
  return new RequestFailure({
    ...details, what: 'it is absent, or may not be read: the server answers 403 to both',
    hint: `Whoever keeps a bucket of S3 can allow everybody s3:ListBucket on it, which makes the answers differ. To take 403 for absence, let the address end in ${FORBIDDEN_IS_ABSENT}; newest states that may not be read then go unnoticed.`,
  })
}

/** What the system or `node:http` threw, as a failed request. */
export function explainThrown(error: unknown): RequestFailure {
  if (error instanceof RequestFailure) return error
  return new RequestFailure(systemFailure(error) ?? { reason: 'UNKNOWN', what: error instanceof Error ? error.message : String(error), again: 'never', cause: error })
}

/** Bytes that were compressed on the way are not those that were stored. @throws RequestFailure */
export function assertIdentity(headers: IncomingHttpHeaders): void {
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  throw new RequestFailure({ reason: 'EENCODING', what: `the server encodes what it sends (${encoding.slice(0, 40)}), though it was asked not to`, again: 'never', hint: 'Turn off compression for the files of the repository in the settings of the server.' })
}

/** `Content-Length`, if there is a sound one. */
export function lengthOf(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length']
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined
}
