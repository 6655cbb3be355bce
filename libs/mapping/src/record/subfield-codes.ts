const CODES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!"#$%&\'()*+,-./:;<=>?{}_^`~[]\\'

const IS_CODE: readonly boolean[] = Array.from({ length: 128 }, (_, unit) => CODES.includes(String.fromCharCode(unit)))

/** Whether the reader takes a UTF-16 unit as a subfield code; subfields of other codes are dropped. */
export function isSubfieldCode(unit: number): boolean {
  return IS_CODE[unit] === true
}
