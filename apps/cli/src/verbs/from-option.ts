import { Option } from 'commander'
import { fileFormats } from '@marc-migrations/domain'

/** The same on every verb that reads records. */
export const fromOption = (): Option =>
  new Option('--from <format>', 'format of the input; told from its first bytes when absent').choices([...fileFormats])
