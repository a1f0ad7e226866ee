import { errorCode } from '../../node/system-errors.ts'
import type { Again, FailureDetails } from './request-failure.ts'

const NETWORK_HINT = 'Check the network, a VPN or a proxy in between, then run the same command again; what was committed is intact.'
const ADDRESS_HINT = 'Check the address for typing errors, and that the server runs and can be reached from here.'
const CERTIFICATE_HINT = 'Check the clock of this machine; if the server has a certificate of its own authority, name that in NODE_EXTRA_CA_CERTS.'

const REFUSED: readonly [string, Again, string] = ['no connection', 'few', ADDRESS_HINT]
const UNKNOWN_HOST: readonly [string, Again, string] = ['the name of the server is not known', 'few', ADDRESS_HINT]
const UNREACHABLE: readonly [string, Again, string] = ['the network cannot be reached', 'few', NETWORK_HINT]
const CUT: readonly [string, Again, string] = ['the connection was cut', 'soon', NETWORK_HINT]
const TIMEOUT: readonly [string, Again, string] = ['the server does not answer', 'soon', NETWORK_HINT]
const CERTIFICATE: readonly [string, Again, string] = ['the certificate of the server is not trusted', 'never', CERTIFICATE_HINT]

/** By the code of the system or of TLS: what it means, whether to try again, and what to do. */
const FAILURES: Readonly<Record<string, readonly [string, Again, string]>> = {
  ECONNREFUSED: REFUSED,
  ENOTFOUND: UNKNOWN_HOST,
  EAI_AGAIN: UNKNOWN_HOST,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENETDOWN: UNREACHABLE,
  ECONNRESET: CUT,
  ECONNABORTED: CUT,
  EPIPE: CUT,
  ERR_STREAM_PREMATURE_CLOSE: CUT,
  ETIMEDOUT: TIMEOUT,
  CERT_HAS_EXPIRED: CERTIFICATE,
  CERT_NOT_YET_VALID: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: CERTIFICATE,
}

/** What a failure below HTTP means, or undefined if it is none that is known: connection, name, certificate, and answers that break HTTP. */
export function systemFailure(error: unknown): FailureDetails | undefined {
  // Of several addresses that were tried, the first tells.
  const cause: unknown = error instanceof AggregateError ? error.errors[0] : error
  const code = errorCode(cause) ?? (error instanceof Error && error.name === 'TimeoutError' ? 'ETIMEDOUT' : undefined)
  if (code === undefined) return undefined
  const known = FAILURES[code]
  if (known !== undefined) return { reason: code, what: known[0], again: known[1], hint: known[2], cause: error }
  if (!code.startsWith('HPE_') && code !== 'EPROTO' && !code.startsWith('ERR_SSL')) return undefined
  return { reason: code, what: 'what answers does not speak the protocol of the address', again: 'few', hint: 'Check http or https, and the port, in the address.', cause: error }
}
