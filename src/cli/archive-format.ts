import { InvalidArgumentError } from '../errors.ts'

/** Files that datasets travel in. */
export const ARCHIVE_FORMATS = ['tar', 'car'] as const

export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number]

/** The format as told, else by the file's name. @throws InvalidArgumentError if neither says */
export function archiveFormat(file: string, told: ArchiveFormat | undefined): ArchiveFormat {
  const format = told ?? ARCHIVE_FORMATS.find((name) => file.toLowerCase().endsWith(`.${name}`))
  if (format === undefined) throw new InvalidArgumentError(`The name "${file}" does not say whether it is a tar or a CAR file`, { hint: 'Pass --format tar or --format car.' })
  return format
}
