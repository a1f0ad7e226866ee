import type * as Sdk from '@aws-sdk/client-s3'
import { InvalidArgumentError } from '../../errors.ts'

/** What is used of the SDK. */
export type S3Sdk = typeof Sdk

/**
 * The SDK, which the library does not bring along.
 * @throws InvalidArgumentError with the command that installs it, if it is not there
 */
export async function loadS3Sdk(load: () => Promise<S3Sdk> = () => import('@aws-sdk/client-s3')): Promise<S3Sdk> {
  return load().catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException | null)?.code !== 'ERR_MODULE_NOT_FOUND') throw cause
    throw new InvalidArgumentError('Buckets are reached by the package @aws-sdk/client-s3, which is not installed', { cause, hint: 'npm install @aws-sdk/client-s3' })
  })
}
