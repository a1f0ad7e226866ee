import { RequestFailure, type Again, type FailureDetails } from '../requests/request-failure.ts'
import { systemFailure } from '../requests/system-failures.ts'

/** S3 refuses what is signed a quarter of an hour earlier or later. */
const SKEW_MS: number = 10 * 60_000

/** What was seen of an answer before the SDK made of it what it throws. */
export interface SeenAnswer {
  readonly status: number | undefined
  readonly headers: Readonly<Record<string, string>>
}

interface Meaning {
  readonly reason: string
  readonly what: string
  readonly again: Again
  readonly hint?: string
}

const NO_BUCKET: Meaning = { reason: 'ENOBUCKET', what: 'there is no such bucket', again: 'never', hint: 'Check its name, the endpoint and the region, or create the bucket; varve creates none.' }
const CREDENTIALS: Meaning = { reason: 'EAUTH', what: 'the credentials are wrong or have expired', again: 'never', hint: 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile that AWS_PROFILE names, and sign in again if it is temporary.' }
const NO_CREDENTIALS: Meaning = { reason: 'ENOCREDENTIALS', what: 'no credentials were found', again: 'never', hint: 'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; varve stores none.' }
const FORBIDDEN: Meaning = {
  reason: 'EACCES', what: 'no permission', again: 'never',
  hint: 'The credentials need s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload on the prefix, and s3:ListBucket on the bucket: without the last, an object that is absent looks like a forbidden one.',
}
const CLOCK: Meaning = { reason: 'ECLOCK', what: 'the clock of this machine and that of the server are too far apart', again: 'few', hint: 'Set the clock (date, timedatectl), then run the same command again.' }
const REGION: Meaning = { reason: 'EREGION', what: 'the bucket is in another region', again: 'never', hint: 'Give its region in the address: ?region=name' }
const BUSY: Meaning = { reason: 'EBUSY', what: 'the server asks for fewer requests', again: 'later', hint: 'Wait some minutes, then run the same command again; what was committed is intact.' }
const DAMAGED: Meaning = { reason: 'EDAMAGED', what: 'what arrived at the server was not what was sent', again: 'soon', hint: 'Something between here and the server alters or cuts what is sent; run the same command again.' }
const SERVER: Meaning = { reason: 'ESERVER', what: 'the server failed', again: 'soon' }
const FULL: Meaning = { reason: 'ENOSPC', what: 'the storage behind the server is full', again: 'never', hint: 'Free some space there, then run the same command again; what was committed is intact.' }
const PROXY: Meaning = { reason: 'EPROXY', what: 'a proxy asks for credentials', again: 'never', hint: 'Sign in to the proxy, or go around it for this host (NO_PROXY).' }
const UNSUPPORTED: Meaning = { reason: 'ENOTSUPPORTED', what: 'the server does not know this kind of request', again: 'never', hint: 'Use a server that keeps conditional writes (If-None-Match), or one writer alone.' }

const BY_CODE: Readonly<Record<string, Meaning>> = {
  NoSuchBucket: NO_BUCKET,
  InvalidBucketName: NO_BUCKET,
  InvalidAccessKeyId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  InvalidToken: CREDENTIALS,
  InvalidClientTokenId: CREDENTIALS,
  UnrecognizedClientException: CREDENTIALS,
  CredentialsProviderError: NO_CREDENTIALS,
  TokenProviderError: NO_CREDENTIALS,
  AccessDenied: FORBIDDEN,
  AccountProblem: FORBIDDEN,
  RequestTimeTooSkewed: CLOCK,
  AuthorizationHeaderMalformed: REGION,
  IllegalLocationConstraintException: REGION,
  SlowDown: BUSY,
  SlowDownRead: BUSY,
  SlowDownWrite: BUSY,
  ServiceUnavailable: BUSY,
  TooManyRequests: BUSY,
  RequestTimeout: DAMAGED,
  BadDigest: DAMAGED,
  XAmzContentSHA256Mismatch: DAMAGED,
  XAmzContentChecksumMismatch: DAMAGED,
  IncompleteBody: DAMAGED,
  InternalError: SERVER,
  NotImplemented: UNSUPPORTED,
  InsufficientStorage: FULL,
  QuotaExceeded: FULL,
  XMinioStorageFull: FULL,
}

const BY_STATUS: Readonly<Record<number, Meaning>> = { 401: CREDENTIALS, 403: FORBIDDEN, 407: PROXY, 408: DAMAGED, 429: BUSY, 501: UNSUPPORTED, 503: BUSY, 507: FULL }

/**
 * What the SDK threw as one failed request, in words that say what to do.
 * @param bucket named in the explanation of its absence
 */
export function explainFailure(error: unknown, { status, headers }: SeenAnswer, bucket: string): RequestFailure {
  if (error instanceof RequestFailure) return error
  const code = error instanceof Error ? error.name : ''
  const rest = { cause: error, ...(status === undefined ? {} : { status }), ...waitOf(headers['retry-after']) }
  if (status !== undefined && status >= 300 && status < 400) return new RequestFailure({ ...redirect(headers, bucket), ...rest })
  const meaning = BY_CODE[code] ?? (status === 403 && isSkewed(headers['date']) ? CLOCK : undefined) ?? (status === undefined ? undefined : BY_STATUS[status])
  if (meaning !== undefined) return new RequestFailure({ ...meaning, ...(meaning === NO_BUCKET ? { what: `there is no bucket "${bucket}"` } : {}), ...rest })
  if (status === undefined) return new RequestFailure(systemFailure(error) ?? beforeSending(error))
  if (status >= 500) return new RequestFailure({ ...SERVER, what: `the server failed with status ${status}`, ...rest })
  if (status < 300) return systemFailure(error) === undefined ? notS3(status, error) : new RequestFailure({ ...(systemFailure(error) as FailureDetails), status })
  return new RequestFailure({ reason: code === '' ? String(status) : code, what: `the server refuses with status ${status}${messageOf(error)}`, again: 'never', ...rest })
}

/** An answer of status 200 or so that no S3 server would give, such as the page of a proxy that asks to sign in. */
export function notS3(status: number | undefined, cause?: unknown): RequestFailure {
  return new RequestFailure({
    reason: 'ENOTS3', what: `what answers does not speak S3${status === undefined ? '' : ` (status ${status})`}`, again: 'few',
    hint: 'Check the endpoint in the address, and whether a proxy answers in its place.', ...(status === undefined ? {} : { status }), ...(cause === undefined ? {} : { cause }),
  })
}

/** An answer to HEAD says no more than that something is forbidden; the time that every answer brings tells whether the clock is why. */
function isSkewed(date: string | undefined): boolean {
  return date !== undefined && Math.abs(Date.parse(date) - Date.now()) > SKEW_MS
}

/** Never followed: what was signed for one host is not for another to see. */
function redirect(headers: Readonly<Record<string, string>>, bucket: string): Meaning {
  const region = headers['x-amz-bucket-region']
  if (region !== undefined && /^[a-z0-9-]{1,64}$/.test(region)) return { ...REGION, what: `the bucket "${bucket}" is in the region ${region}`, hint: `Give its region in the address: ?region=${region}` }
  return { reason: 'EREDIRECT', what: 'the server sends to another address, which is not followed', again: 'never', hint: 'Check the endpoint and the region in the address of the bucket.' }
}

function beforeSending(error: unknown): FailureDetails {
  const message = error instanceof Error ? error.message : String(error)
  if (/region is missing/i.test(message)) return { ...REGION, what: 'the region of the bucket is not known', cause: error }
  if (/credential/i.test(message)) return { ...NO_CREDENTIALS, cause: error }
  return { reason: 'UNKNOWN', what: message, again: 'never', cause: error }
}

function messageOf(error: unknown): string {
  return error instanceof Error && error.message !== '' && error.message.length < 300 ? `: ${error.message}` : ''
}

function waitOf(header: string | undefined): { waitMs?: number } {
  return header !== undefined && /^\d{1,4}$/.test(header) ? { waitMs: Number(header) * 1000 } : {}
}
