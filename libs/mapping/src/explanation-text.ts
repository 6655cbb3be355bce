import type { Explanation } from './explain-record.ts'

/** An explanation as text for a person to read, a line per step, fields as headings. */
export function explanationText(explanation: Explanation): string {
  const lines: string[] = []
  let heading = ''
  for (const { tag, field, entry, target, value, dropped } of explanation.steps) {
    const text = field === '' ? tag : field
    if (text !== heading) lines.push(text)
    heading = text
    const rule = entry === undefined ? '' : `${tag}[${entry}] `
    lines.push(
      `  ${rule}${target ?? ''}${dropped === undefined ? ` = ${value ?? ''}` : `${target === undefined ? '' : ' '}dropped: ${dropped}`}`
    )
  }
  if (explanation.outcome !== 'mapped') lines.push(`not mapped: ${explanation.reason ?? ''}`)
  return lines.join('\n')
}
