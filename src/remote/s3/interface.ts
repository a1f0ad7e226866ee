import type { NetworkOptions } from '../requests/interface.ts'

/** A place in a bucket. */
export interface S3Location {
  readonly bucket: string
  /** Begins the key of every object, followed by `/`; empty or absent for the whole bucket. */
  readonly prefix?: string
  /** URL of a server other than Amazon's. */
  readonly endpoint?: string
  /** Default: what the SDK finds in environment and configuration, or `us-east-1` with an endpoint. */
  readonly region?: string
  /** Whether the bucket is part of the path instead of the host's name. Default true with an endpoint, else false. */
  readonly pathStyle?: boolean
}

export interface S3Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface S3Settings extends NetworkOptions {
  /** Default, and better: the SDK's own chain (environment, profiles, roles of the machine). Never stored, never shown. */
  readonly credentials?: S3Credentials
  /**
   * False for a store that does not keep `If-None-Match`: objects are looked up before they are created, which loses commits if two write at once. Only for a repository with a single
   * writer. Default true.
   */
  readonly conditionalWrites?: boolean
  /** Bodies up to this size are stored by one request, larger ones in parts of 8 MiB. Default 8 MiB, which is also the most; 0 stores all in parts. */
  readonly wholeUpToBytes?: number
}
