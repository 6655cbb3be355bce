/** The part of marc4js 0.0.10 that is used; the package brings no types of its own. */
declare module 'marc4js' {
  import type { Transform } from 'node:stream'

  export interface Marc4jsSubfield {
    readonly code: string
    readonly data: string
  }

  export interface Marc4jsField {
    readonly tag: string
    /** Of a control field. */
    readonly data?: string
    readonly indicator1?: string
    readonly indicator2?: string
    readonly subfields?: readonly Marc4jsSubfield[]
  }

  export interface Marc4jsRecord {
    readonly leader: { marshal(): string }
    readonly variableFields: readonly Marc4jsField[]
  }

  const marc4js: {
    /** A stream of bytes in, a stream of records (`undefined` for one it could not read) out. */
    parse(options: { readonly format: 'iso2709' | 'marcxml' | 'mrk' | 'json' }): Transform
  }
  // eslint-disable-next-line no-restricted-exports -- the package is CommonJS
  export default marc4js
}
