/** `info`: worth knowing. `warning`: the record was read, something in it was set right or lost. `error`: the record is lost. */
export type Severity = 'info' | 'warning' | 'error'

interface Kind {
  readonly severity: Severity
  readonly message: string
  readonly hint: string
}

/**
 * Every problem a reader can name. The table is the documentation: README.md of this library prints it, a test keeps both equal.
 *
 * A code never changes its meaning; what differs from one case to the next (a byte, a tag, a number) is `detail`, appended to
 * the message.
 */
export const problemCodes = {
  RECORD_NOT_TERMINATED: {
    severity: 'error',
    message: 'the file ends before the record does (no 1D)',
    hint: 'The file was probably cut off in transfer; fetch it again and compare its size.'
  },
  RECORD_TOO_SHORT: {
    severity: 'error',
    message: 'fewer bytes than a leader, a directory and a terminator need',
    hint: 'Remove the stray bytes, or restore the record from its source.'
  },
  RECORD_TOO_LONG: {
    severity: 'error',
    message: 'no record terminator within the largest size that is read',
    hint: 'The file is not ISO 2709 from here on, or a terminator (1D) is missing.'
  },
  RECORDS_JOINED: {
    severity: 'error',
    message: 'two records without a terminator (1D) between them',
    hint: 'Both are whole but for the terminator: put 1D between them and read them again.'
  },
  BASE_ADDRESS_IMPOSSIBLE: {
    severity: 'error',
    message: 'leader/12-16 is no address inside the record and the directory cannot be found without it',
    hint: 'Export the record again; its leader is damaged.'
  },
  DIRECTORY_UNREADABLE: {
    severity: 'error',
    message: 'directory and data do not fit, and field terminators do not tell the fields apart',
    hint: 'Export the record again; its directory is damaged.'
  },
  JSON_UNREADABLE: {
    severity: 'error',
    message: 'not JSON',
    hint: 'One whole record must stand on each line (jsonl) or in the array (json), in UTF-8.'
  },
  JSON_NOT_MARC: {
    severity: 'error',
    message: 'JSON, but no MARC-in-JSON record',
    hint: 'Expected {"leader":"…","fields":[{"001":"…"},{"100":{"ind1":" ","ind2":" ","subfields":[{"a":"…"}]}}]}.'
  },
  MRK_NOT_A_FIELD: {
    severity: 'error',
    message: 'lines of which none is a field (=TAG, two blanks, content)',
    hint: 'A record of MRK begins with =LDR and ends with a blank line.'
  },
  GZIP_DAMAGED: {
    severity: 'error',
    message: 'the compressed file is damaged or cut off; nothing after this place could be read',
    hint: 'Fetch the file again and compare its size.'
  },
  GZIP_TOO_LARGE: {
    severity: 'error',
    message: 'the compressed file unpacks to more than is accepted; it was not read any further',
    hint: 'Unpack the file and use that, if it is what it should be.'
  },
  XML_MALFORMED: {
    severity: 'error',
    message: 'the record is not well-formed XML',
    hint: 'Usually an unescaped & or <, a control character, or a tag that is not closed.'
  },
  XML_UNCLOSED: {
    severity: 'error',
    message: 'the record element has no end tag',
    hint: 'The file was cut off, or the end tag of this record is missing.'
  },
  XML_NOT_MARC: {
    severity: 'error',
    message: 'a record element without leader and fields',
    hint: 'Expected the elements leader, controlfield and datafield of MARCXML.'
  },
  XML_DOCTYPE: {
    severity: 'error',
    message: 'a DOCTYPE is not accepted; the file was not read any further',
    hint: 'Remove the DOCTYPE declaration; MARCXML needs none.'
  },
  XML_ENCODING_UNKNOWN: {
    severity: 'error',
    message: 'the encoding that the XML declaration names is not known',
    hint: 'Convert the file to UTF-8.'
  },
  WRITE_TOO_LONG: {
    severity: 'error',
    message: 'longer than the 99,999 bytes of ISO 2709; the record was not written',
    hint: 'Write MARCXML or JSON lines, which have no such limit.'
  },
  WRITE_UNFIT: {
    severity: 'error',
    message: 'the format cannot hold this record as it is; the record was not written',
    hint: 'Write JSON lines, which hold any record, or set the field right at the source.'
  },
  LENGTH_WRONG: {
    severity: 'info',
    message: 'leader/00-04 does not tell the length of the record',
    hint: 'Harmless here; other programs may stop at it. Writing the record anew sets it right.'
  },
  LENGTH_NOT_A_NUMBER: {
    severity: 'warning',
    message: 'leader/00-04 is no number',
    hint: 'The record was read by its terminator. Look at the leader: other positions may be damaged too.'
  },
  RECORD_OVERSIZE: {
    severity: 'warning',
    message: 'longer than the 99,999 bytes that ISO 2709 can describe',
    hint: 'Read in full, but it cannot be written as ISO 2709; use MARCXML or JSON for this record.'
  },
  BASE_ADDRESS_WRONG: {
    severity: 'warning',
    message: 'leader/12-16 does not point to the end of the directory; its terminator was used instead',
    hint: 'Writing the record anew sets it right.'
  },
  DIRECTORY_MISFIT: {
    severity: 'warning',
    message: 'the directory does not fit the data; fields were told apart by their terminators',
    hint: 'Typical of a file edited by hand. Compare the record with its source, then write it anew.'
  },
  DIRECTORY_ORDER: {
    severity: 'info',
    message: 'the directory is not in the order of the data; the order of the data was kept',
    hint: 'Legal and harmless.'
  },
  TERMINATOR_INSIDE: {
    severity: 'warning',
    message: 'a field terminator stands inside a field; the directory was followed',
    hint: 'Text from the terminator to the next subfield was dropped. Compare the record with its source.'
  },
  TEXT_BEFORE_RECORD: {
    severity: 'warning',
    message: 'something that is no record stands before the record and was skipped',
    hint: 'Look whether it is what is left of another record.'
  },
  DATA_UNNAMED: {
    severity: 'warning',
    message: 'data that no entry of the directory names was left out',
    hint: 'Usually what remains of a deleted field. Writing the record anew removes it.'
  },
  LEADER_REPAIRED: {
    severity: 'warning',
    message: 'the leader has not 24 characters; blanks were added, or the rest was cut off',
    hint: 'Look at the record status and type.'
  },
  LEADER_MISSING: {
    severity: 'warning',
    message: 'no leader; that of a new book in UTF-8 was read for it, as FOLIO does',
    hint: 'Add the leader at the source: status and type of the record are guessed.'
  },
  LEADER_ODD: {
    severity: 'warning',
    message: 'a position of the leader holds no printable ASCII character',
    hint: 'It was kept; look at the record status and type.'
  },
  LEADER_COUNTS: {
    severity: 'info',
    message: 'leader/10-11 or 20-23 hold no digits and were set to 22 and 4500',
    hint: 'Harmless: MARC 21 knows no other values.'
  },
  LEADER_CODING_UNKNOWN: {
    severity: 'warning',
    message: 'leader/09 is neither blank (MARC-8) nor a (UTF-8)',
    hint: 'The encoding was told from the bytes; leader/09 is written as a.'
  },
  UTF8_UNDECLARED: {
    severity: 'warning',
    message: 'leader/09 says MARC-8, the bytes are UTF-8',
    hint: 'Read as UTF-8. Set leader/09 to a at the source.'
  },
  LATIN1_GUESSED: {
    severity: 'warning',
    message: 'bytes that are neither UTF-8 nor, by the guess that was asked for, MARC-8 were read as Latin-1',
    hint: 'Leave the guess off unless the result of another program must be replayed.'
  },
  UTF8_INVALID: {
    severity: 'warning',
    message: 'bytes that are no UTF-8 were replaced by U+FFFD',
    hint: 'The text lost characters; the file was probably converted twice or cut inside a character.'
  },
  REPLACEMENT_CHARACTER: {
    severity: 'warning',
    message: 'U+FFFD stands in the text: a character was lost here or in an earlier conversion',
    hint: 'Convert the file again from its source, in the right encoding.'
  },
  MARC8_UNMAPPED: {
    severity: 'warning',
    message: 'bytes that the MARC-8 tables do not know were replaced by U+FFFD',
    hint: 'The record may be in another encoding (Latin-1, Windows-1252).'
  },
  CONTROL_NUMBER_REPEATED: {
    severity: 'warning',
    message: 'more than one 001; the last one was kept',
    hint: 'Decide which control number is right and remove the others.'
  },
  CONTROL_NUMBER_MISSING: {
    severity: 'info',
    message: 'no 001',
    hint: 'The record can be read, but nothing names it.'
  },
  SUBFIELD_EMPTY: {
    severity: 'info',
    message: 'a subfield without data was dropped',
    hint: 'Harmless.'
  },
  SUBFIELD_CODE_UPPER: {
    severity: 'warning',
    message: 'an upper-case subfield code was read as lower case',
    hint: 'MARC 21 has no upper-case codes; check the field.'
  },
  SUBFIELD_CODE_ODD: {
    severity: 'warning',
    message: 'a subfield code that is no ASCII letter, digit or sign',
    hint: 'Mapping rules will not see this subfield.'
  },
  SUBFIELDS_MISSING: {
    severity: 'warning',
    message: 'a data field without any subfield',
    hint: 'Check the field at the source.'
  },
  FIELD_TEXT_DROPPED: {
    severity: 'warning',
    message: 'text between the indicators and the first subfield was dropped',
    hint: 'A subfield delimiter (1F) is missing or an indicator has more than one character.'
  },
  INDICATOR_MISSING: {
    severity: 'warning',
    message: 'a data field without two indicators before its first subfield',
    hint: 'The first two characters were taken for them, as FOLIO does, and the first subfield was lost. Check the field.'
  },
  INDICATOR_BLANKED: {
    severity: 'warning',
    message: 'an indicator is missing or not one character long; a blank or its first character was read',
    hint: 'Check the field at the source.'
  },
  INDICATOR_ODD: {
    severity: 'warning',
    message: 'an indicator that is no printable ASCII character',
    hint: 'Mapping rules will not match this field by its indicators.'
  },
  LINE_JOINED: {
    severity: 'warning',
    message: 'a line without a tag was joined to the field before it',
    hint: 'A field of MRK stands on one line.'
  },
  MNEMONIC_UNKNOWN: {
    severity: 'warning',
    message: 'a mnemonic that is not known was kept as it stands',
    hint: 'Known are {dollar}, {lcub}, {rcub}, {bsol} and {esc}; write other characters in UTF-8.'
  },
  FIELD_DROPPED: {
    severity: 'warning',
    message: 'a field that is neither a control field nor a data field was dropped',
    hint: 'Tags 000 to 009 hold text; all others hold indicators and subfields.'
  },
  VALUE_NOT_TEXT: {
    severity: 'warning',
    message: 'a value that is no text was written as text',
    hint: 'Values of fields and subfields are strings in MARC-in-JSON.'
  },
  PROBLEMS_CUT: {
    severity: 'warning',
    message: 'more problems than are listed',
    hint: 'Export the record again; nearly everything about it is wrong.'
  },
  TAG_ODD: {
    severity: 'warning',
    message: 'a tag that is not three ASCII letters or digits, or that of the other kind of field',
    hint: 'Mapping rules will not see this field.'
  }
} as const satisfies Readonly<Record<string, Kind>>

export type ProblemCode = keyof typeof problemCodes

/** One thing wrong with one record, as data: what, where, how bad, and what to do about it. */
export interface Problem {
  readonly code: ProblemCode
  readonly severity: Severity
  readonly tag?: string
  readonly subfield?: string
  /** Byte offset in the file: of the field where one is to blame, else of the record. */
  readonly offset: number
  readonly message: string
  readonly hint: string
}

/** Where a problem stands, and what the table cannot know. */
export interface ProblemPlace {
  readonly offset: number
  readonly tag?: string
  readonly subfield?: string
  readonly detail?: string
}

export function problemOf(code: ProblemCode, { detail, ...place }: ProblemPlace): Problem {
  const { severity, message, hint } = problemCodes[code]
  return { code, severity, ...place, message: detail === undefined ? message : `${message}: ${detail}`, hint }
}

/** How a reader says what it noticed; who listens knows where in the file that was. */
export type Report = (code: ProblemCode, place: Omit<ProblemPlace, 'offset'>) => void

/** No list of problems grows longer than this: a hostile record could have one for every three of its bytes. */
const MAX_PROBLEMS = 100

/** Collects what a reader reports of one record. */
export class ProblemList {
  readonly problems: Problem[] = []

  report(code: ProblemCode, place: ProblemPlace): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problemOf(code, place))
    else if (this.problems.length === MAX_PROBLEMS) this.problems.push(problemOf('PROBLEMS_CUT', { offset: place.offset }))
  }
}
