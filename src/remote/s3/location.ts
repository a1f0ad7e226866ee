import { InvalidArgumentError } from '../../errors.ts'
import type { S3Location } from './interface.ts'

const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/
/** What needs no escaping anywhere, and no `.` or `..`. */
const PREFIX = /^(?!\.{1,2}(?:\/|$))[A-Za-z0-9!_.*'()-]+(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9!_.*'()-]+)*$/
const REGION = /^[a-z0-9-]{1,64}$/i
const FORM = 's3://bucket/prefix?endpoint=https://host:port&region=name'
const PARAMETERS: ReadonlySet<string> = new Set(['endpoint', 'region', 'pathStyle'])
const CREDENTIALS_HINT = 'Leave credentials to the environment or the configuration of AWS tools: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.'

/**
 * Reads `s3://bucket/prefix?endpoint=…&region=…&pathStyle=…`; every parameter may be left out.
 * @throws InvalidArgumentError if it is something else, or holds credentials, which the message does not repeat
 */
export function parseS3Url(url: string): S3Location {
  const parsed = asUrl(url)
  if (parsed?.protocol !== 's3:') throw new InvalidArgumentError('The address of a bucket begins with s3://', { hint: `Write ${FORM}.` })
  const parameters = [...parsed.searchParams]
  if (parsed.username !== '' || parsed.password !== '' || parameters.some(([name]) => /key|secret|token|signature|credential|password/i.test(name))) {
    throw new InvalidArgumentError('The address of a bucket must not hold credentials', { hint: CREDENTIALS_HINT })
  }
  for (const [index, [name]] of parameters.entries()) {
    if (!PARAMETERS.has(name)) throw invalid(`has a parameter ${JSON.stringify(name)}, which is not known`)
    if (parameters.findIndex(([other]) => other === name) !== index) throw invalid(`has the parameter ${name} twice`)
  }
  if (parsed.port !== '' || parsed.hash !== '') throw invalid('has a port or a fragment, which mean nothing there')
  const [endpoint, region, pathStyle] = ['endpoint', 'region', 'pathStyle'].map((name) => parsed.searchParams.get(name))
  if (pathStyle !== null && pathStyle !== undefined && pathStyle !== 'true' && pathStyle !== 'false') throw invalid('has a pathStyle that is neither true nor false')
  const prefix = withoutSlashes(decoded(parsed.pathname))
  return checkS3Location({
    bucket: decoded(parsed.host),
    ...(prefix === '' ? {} : { prefix }),
    ...(endpoint === null || endpoint === undefined ? {} : { endpoint }),
    ...(region === null || region === undefined ? {} : { region }),
    ...(pathStyle === null || pathStyle === undefined ? {} : { pathStyle: pathStyle === 'true' }),
  })
}

/** The same location. @throws InvalidArgumentError if a part of it cannot be right, or holds credentials */
export function checkS3Location(location: S3Location): S3Location {
  const { bucket, prefix = '', endpoint, region } = location
  if (!BUCKET.test(bucket)) throw invalid(`names the bucket ${JSON.stringify(bucket)}, which no bucket can be called`)
  if (prefix !== '' && !PREFIX.test(prefix)) throw invalid(`has the prefix ${JSON.stringify(prefix)}; it is made of letters, digits and -_.!*'() in segments between single "/"`)
  if (region !== undefined && !REGION.test(region)) throw invalid(`names the region ${JSON.stringify(region)}, which no region can be called`)
  if (endpoint !== undefined) assertEndpoint(endpoint)
  return location
}

/** For people, and to be opened again: the URL, without credentials. */
export function formatS3Location({ bucket, prefix, endpoint, region, pathStyle }: S3Location): string {
  const parameters = [...(endpoint === undefined ? [] : [`endpoint=${endpoint}`]), ...(region === undefined ? [] : [`region=${region}`]), ...(pathStyle === undefined ? [] : [`pathStyle=${pathStyle}`])]
  return `s3://${bucket}${prefix === undefined || prefix === '' ? '' : `/${prefix}`}${parameters.length === 0 ? '' : `?${parameters.join('&')}`}`
}

function assertEndpoint(endpoint: string): void {
  const url = asUrl(endpoint)
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw invalid('has an endpoint that is no URL of http or https')
  if (url.username !== '' || url.password !== '') throw new InvalidArgumentError('The endpoint of a bucket must not hold credentials', { hint: CREDENTIALS_HINT })
  if (url.search !== '' || url.hash !== '') throw invalid('has an endpoint with a query or a fragment, which mean nothing there')
}

function asUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw invalid('has a "%" that escapes nothing')
  }
}

function withoutSlashes(path: string): string {
  return path.replace(/^\//, '').replace(/\/$/, '')
}

function invalid(what: string): InvalidArgumentError {
  return new InvalidArgumentError(`The address of the bucket ${what}`, { hint: `Write ${FORM}.` })
}
