import { FIELD_END } from './encode-record.ts'

/** Ways in which a record is made unreadable; each takes one record and spares its neighbours. */
export const breakages = ['stray text', 'directory shifted', 'field ends lost'] as const
export type Breakage = (typeof breakages)[number]

/** Only the last record of a file can be cut off without harm to another. */
export const CUT_OFF = 'cut off'

/** @param sound one whole record */
export function brokenRecord(sound: Buffer, how: Breakage | typeof CUT_OFF): Buffer {
  switch (how) {
    case 'stray text':
      return Buffer.from('(see the old file)\x1d', 'latin1')
    case 'directory shifted': {
      const end = sound.indexOf(FIELD_END)
      return Buffer.concat([sound.subarray(0, end - 5), sound.subarray(end)])
    }
    case 'field ends lost': {
      const directoryEnd = sound.indexOf(FIELD_END)
      return Buffer.from(sound.map((byte, i) => (byte === FIELD_END && i > directoryEnd ? 0x20 : byte)))
    }
    case CUT_OFF:
      return sound.subarray(0, Math.floor((sound.length * 2) / 3))
  }
}

/** Odd, but every record of the file is still read: a wrong length, or a line end after the record. */
export function oddRecord(sound: Buffer, index: number): Buffer {
  if (index % 2 === 0) return Buffer.concat([Buffer.from('00099', 'latin1'), sound.subarray(5)])
  return Buffer.concat([sound, Buffer.from('\r\n', 'latin1')])
}
