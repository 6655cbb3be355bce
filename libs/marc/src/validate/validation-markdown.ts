import type { DuplicateSummary, ProblemSummary, ValidationReport } from './validation-report.ts'

const SHOWN_TAGS = 10

/** The report as a page of Markdown for people. */
export function validationMarkdown(report: ValidationReport, fileName: string): string {
  const { records, errors, recordsWithWarnings, problems, duplicates } = report
  return [
    `# Check of ${plain(fileName)}`,
    '',
    verdict(report),
    '',
    '| | records |',
    '| --- | ---: |',
    `| can be read | ${records} |`,
    `| would be lost | ${errors} |`,
    `| read with warnings | ${recordsWithWarnings} |`,
    ...Object.entries(report.encodings).map(([encoding, count]) => `| in ${encoding} | ${count} |`),
    ...Object.entries(report.types).map(([type, count]) => `| leader/06 \`${plain(type)}\` | ${count} |`),
    '',
    ...section('Problems', problems.map(problemText)),
    ...section('Duplicates', [
      ...duplicateText('001 (with 003)', duplicates.controlNumbers),
      ...duplicateText('010 $a', duplicates.lccns)
    ])
  ].join('\n')
}

function verdict({ errors, problems }: ValidationReport): string {
  if (errors > 0) return `**${errors} ${errors === 1 ? 'record' : 'records'} would be lost.**`
  return problems.length === 0 ? 'Nothing to say about this file.' : 'No record would be lost.'
}

function section(title: string, texts: readonly string[]): string[] {
  return texts.length === 0 ? [] : [`## ${title}`, '', ...texts]
}

function problemText({ code, severity, message, hint, count, records, tags, examples }: ProblemSummary): string {
  const shown = tags.slice(0, SHOWN_TAGS).map((entry) => `${plain(entry.tag)} × ${entry.count}`)
  return [
    `### ${code} (${severity})`,
    '',
    `${capital(message)}. Found ${count} times in ${records} records${shown.length > 0 ? `: ${shown.join(', ')}` : ''}.`,
    '',
    hint,
    '',
    ...examples.map((example) => {
      const name = example.controlNumber === undefined ? '' : `, 001 ${plain(example.controlNumber)}`
      return `- record ${example.index} at byte ${example.offset}${name}: ${plain(example.message)}`
    }),
    ''
  ].join('\n')
}

function duplicateText(what: string, { records, examples, complete }: DuplicateSummary): string[] {
  if (records === 0 && complete) return []
  return [
    `${records} records have the ${what} of an earlier one${complete ? '' : ' (the file has more values than were remembered)'}.`,
    '',
    ...examples.map(({ value, firstIndex, index }) => `- ${plain(value)}: record ${index}, first in record ${firstIndex}`),
    ''
  ]
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** What came from a file must not become markup. */
function plain(text: string): string {
  return text.replace(/[\x00-\x1f]/g, ' ').replace(/[\\`*_[\]<>|#]/g, '\\$&')
}
