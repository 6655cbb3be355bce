import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { conformanceDir } from '../support/conformance.ts'
import { skipSuite } from '../support/skips.ts'
import { readAll, readingLine } from './reading-line.ts'

const shared = conformanceDir()

/** One defect each; what must be read of it, by problems and a piece of the text. */
describe.skipIf(shared === undefined && skipSuite('MARC files with one defect', 'no conformance data', 'data'))(
  'files with one defect',
  () => {
    test.each([
      ['001-not-first.mrc', ['- .*"fields":\\[\\{"001":"r1"\\},\\{"003":"DLC"\\}']],
      ['bad-record-between-good.mrc', ['- .*"r1"', 'FIELD_TEXT_DROPPED:100.*"bad"', '- .*"r3"']],
      ['bad-record-first.mrc', ['FIELD_TEXT_DROPPED:100.*"bad"', '- .*"r2"']],
      ['cdata.xml', ['- .*"ABC&DEF"']],
      ['comment-in-value.xml', ['- .*"r1"']],
      ['crlf-between-records.mrc', ['- .*"r1"', '- .*"r2"']],
      ['cyrillic-utf8.mrc', ['- .*"Толстой"']],
      ['directory-not-in-data-order.mrc', ['DIRECTORY_ORDER .*"400".*"See from".*"100".*"Heading"']],
      ['foreign-element.xml', ['- .*\\[\\{"001":"r1"\\}\\]']],
      ['leader09-n.mrc', ['LEADER_CODING_UNKNOWN .*"00000nz  a22']],
      ['leading-bom.mrc', ['- .*"Name r1"']],
      ['marc8-acute.mrc', ['- .*"é test"']],
      ['marc8-copyright.mrc', ['- .*"é test"', '- .*"©2015"', '- .*"Dvořák, Antonín, ©2015"']],
      ['missing-field-terminator.mrc', ['!DIRECTORY_UNREADABLE']],
      ['no-final-record-terminator.mrc', ['- .*"r1"', '!RECORD_NOT_TERMINATED']],
      ['oai-wrapper.xml', ['- .*"r1"']],
      ['two-byte-subfield-code.mrc', ['SUBFIELD_CODE_ODD:100 .*\\{"é":"abc"\\}']],
      ['two-records.mrc', ['- .*"Name r1"', '- .*"Name r2"']]
    ])('%s', async (name, expected) => {
      const readings = await readAll(readFileSync(join(shared ?? '', 'data', 'marc', 'minimal', name)), {}, 40)

      expect(readings).toHaveLength(expected.length)
      readings.forEach((reading, at) =>
        expect(readingLine(reading)).toMatch(new RegExp(`^\\d+ \\d+ \\d+ ${expected[at] ?? ''}`))
      )
    })
  }
)
