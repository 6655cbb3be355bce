import { compileMapping, defaultRules, explanationText } from '@marc-migrations/mapping'
import { describe, expect, test } from 'vitest'
import { marcOf } from './map-one.ts'

const authority = compileMapping({ entityType: 'authority', ...defaultRules.authority })
const instance = compileMapping({ entityType: 'instance', ...defaultRules.instance })

function withoutEmpty(entity: unknown): unknown {
  const members = Object.entries(entity as object).filter(([, value]) => !(Array.isArray(value) && value.length === 0))
  return Object.fromEntries(members)
}

const AUTHORITY = [
  '001 n 90123456',
  '008 901010n| azannaabn          |a aaa      ',
  '010 ## $a n 90123456 $z n 90000001',
  '035 ## $a (DLC)n 90123456',
  '100 1# $a Dvořák, Antonín, $d 1841-1904',
  '400 1# $a Dvorak, Anton',
  '500 1# $a Dvořák, Antonín, $d 1841-1904. $t Rusalka',
  '667 ## $a Old heading.',
  '670 ## $a His works.'
]

const BIB = [
  '001 in0001',
  '008 200101s2019    nyua   j      000 1 eng  ',
  '020 ## $a 9781234567897 $q (hardcover) ;',
  '035 ## $a (OCoLC)1100000000',
  '050 00 $a PZ7.1 $b .D64 2019',
  '100 1# $a Doe, Jane, $e author. $4 aut',
  '245 14 $a The bird / $c Jane Doe.',
  '264 #1 $a New York : $b Press, $c 2019.',
  '300 ## $a 32 pages ; $c 28 cm',
  '336 ## $a text $b txt $2 rdacontent',
  '338 ## $a volume $b nc $2 rdacarrier',
  '500 ## $a Includes index.',
  '650 #0 $a Birds $v Juvenile fiction.',
  '700 1# $a Roe, Richard, $e whistler.',
  '830 #0 $a Bird books ; $v 2.',
  '856 40 $u https://example.org/1 $y Online',
  '880 14 $6 245-01 $a Птица'
]

describe('our own rules on records of our own', () => {
  test('an authority', () => {
    expect(withoutEmpty(authority.mapBare(marcOf(AUTHORITY)))).toEqual({
      personalName: 'Dvořák, Antonín, 1841-1904',
      sftPersonalName: ['Dvorak, Anton'],
      saftPersonalNameTitle: ['Dvořák, Antonín, 1841-1904. Rusalka'],
      subjectHeadings: 'a',
      identifiers: [
        { value: 'n 90123456', identifierTypeId: '5d164f4b-0b15-4e42-ae75-cfcf85318ad9' },
        { value: 'n 90123456', identifierTypeId: 'c858e4f2-2b6b-4385-842b-60732ee14abb' },
        { value: 'n 90000001', identifierTypeId: 'c858e4f2-2b6b-4385-842b-60532ee34abb' },
        { value: '(DLC)n 90123456', identifierTypeId: '7e591197-f335-4afb-bc6d-a6d76ca3bace' }
      ],
      notes: [{ noteTypeId: '76c74801-afec-45a0-aad7-3ff23591e147', note: 'Old heading.' }],
      sourceFileId: 'af045f2f-e851-4613-984c-4bc13430454a',
      naturalId: 'n90123456'
    })
  })

  test('a bibliographic record', () => {
    expect(withoutEmpty(instance.mapBare(marcOf(BIB, '00714cam a2200205 i 4500')))).toEqual({
      hrid: 'in0001',
      source: 'MARC',
      title: 'The bird / Jane Doe.',
      indexTitle: 'Bird /',
      alternativeTitles: [{ alternativeTitleTypeId: '35bbe7f2-1a49-11ed-861d-0242ac120002', alternativeTitle: 'Птица' }],
      series: [{ value: 'Bird books ; 2.' }],
      identifiers: [
        { value: '9781234567897 (hardcover)', identifierTypeId: '8261054f-be78-422d-bd51-4ed9f33c3422' },
        { value: '(OCoLC)1100000000', identifierTypeId: '439bfbae-75bc-4f74-9fc7-b2a2d47ce3ef' }
      ],
      contributors: [
        {
          name: 'Doe, Jane',
          contributorTypeId: '6e09d47d-95e2-4d8a-831b-f777b8ef6d81',
          contributorNameTypeId: '2b94c631-fca9-4892-a730-03ee529ffe2a',
          primary: true
        },
        {
          name: 'Roe, Richard',
          contributorTypeText: 'whistler.',
          contributorNameTypeId: '2b94c631-fca9-4892-a730-03ee529ffe2a',
          primary: false
        }
      ],
      subjects: [
        {
          value: 'Birds--Juvenile fiction',
          sourceId: 'e894d0dc-621d-4b1d-98f6-6f7120eb0d40',
          typeId: 'd6488f88-1e74-40ce-81b5-b19a928ff5b7'
        }
      ],
      classifications: [
        { classificationNumber: 'PZ7.1 .D64 2019', classificationTypeId: 'ce176ace-a53e-4b4d-aa89-725ed7b2edac' }
      ],
      publication: [{ publisher: 'Press', place: 'New York', dateOfPublication: '2019', role: 'Publication' }],
      electronicAccess: [
        { uri: 'https://example.org/1', linkText: 'Online', relationshipId: 'f5d0068e-6272-458e-8a81-b85e7b9a14aa' }
      ],
      dates: { dateTypeId: '24a506e8-2a92-4ecc-bd09-ff849321fd5a', date1: '2019' },
      instanceTypeId: '6312d172-f0cf-40f6-b27d-9fa8feaf332f',
      instanceFormatIds: ['8d511d33-5e85-4c5d-9bce-6e3c9cd0c324'],
      physicalDescriptions: ['32 pages ; 28 cm'],
      languages: ['eng'],
      notes: [{ instanceNoteTypeId: '6a2533a7-4de2-4e64-8466-074c2fa9308c', note: 'Includes index', staffOnly: false }],
      modeOfIssuanceId: '9d18a02f-5897-4c31-9106-c9abb5c7ae8b',
      staffSuppress: false,
      discoverySuppress: false,
      deleted: false
    })
  })
})

describe('an explanation', () => {
  test('names the rule behind every property, and what was dropped and why', () => {
    const text = explanationText(
      authority.explain(marcOf(['001 n 1', '100 1# $a Doe $t Title $e author', '670 ## $a Found.']))
    )
    expect(text).toBe(
      [
        '001 n 1',
        '  001[1] identifiers.value = n 1',
        '  001[2] identifiers.identifierTypeId = 5d164f4b-0b15-4e42-ae75-cfcf85318ad9',
        '100 1# $a Doe $t Title $e author',
        '  100[1] personalName dropped: it does not run beside $t',
        '  100[2] personalNameTitle = Doe Title',
        '  dropped: no entry that ran takes $e',
        '670 ## $a Found.',
        '  dropped: there are no rules for 670',
        'after the rules',
        '  sourceFileId = "af045f2f-e851-4613-984c-4bc13430454a"',
        '  naturalId = "n1"'
      ].join('\n')
    )
  })

  test('names what a field in another script was mapped as, and entries that are not for its indicators', () => {
    const marc = marcOf(['880 1# $6 100-01 $a Имя', '720 3# $a Nobody'])
    const steps = instance.explain(marc).steps.filter(({ tag }) => tag !== 'LDR')
    expect(steps).toContainEqual({
      tag: '700',
      field: '880 1# $6 100-01 $a Имя (as 700)',
      entry: 1,
      target: 'contributors.name',
      value: 'Имя'
    })
    expect(steps).toContainEqual({ tag: '720', field: '720 3# $a Nobody', dropped: 'no entry is for these indicators' })
  })

  test('says why a record was not mapped', () => {
    expect(instance.explain('{"leader":"x"}')).toMatchObject({
      outcome: 'nothing',
      reason: 'leader has 1 characters instead of 24'
    })
    expect(authority.explain('{"leader":"x"}')).toMatchObject({ outcome: 'error' })
    expect(instance.explain('nonsense')).toMatchObject({ outcome: 'error', steps: [] })
    expect(explanationText(instance.explain('nonsense'))).toMatch(/^not mapped: MARC content is not JSON/)
  })
})
