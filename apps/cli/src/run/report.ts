import { version } from '../version.ts'
import type { CollectedResults } from './collect-results.ts'
import type { InputFile } from './input-file.ts'
import type { Operation, Source } from './migration-api.ts'
import { duration, grouped } from './progress-view.ts'
import type { Verdict } from './verdict.ts'

const REASONS_SHOWN = 8

/** What `report.json` holds and `--json` prints. */
export interface RunReport {
  readonly version: string
  readonly file: { readonly path: string; readonly lengthBytes: number; readonly format: string }
  readonly operation: { readonly id: string; readonly status: string; readonly stopReason?: string }
  readonly exitCode: number
  readonly verdict: string
  readonly read: number
  readonly mapped: number
  readonly rejected: number
  /** read = mapped + rejected, in every chunk and in all, counted in the files. */
  readonly reconciled: boolean
  readonly mappingSeconds: number
  readonly recordsPerSecond: number
  readonly reasons: CollectedResults['reasons']
  readonly chunks: CollectedResults['chunks']
}

export function reportOf(
  input: InputFile,
  source: Source,
  operation: Operation,
  results: CollectedResults,
  verdict: Verdict
): RunReport {
  const { startTimeMapping = '', endTimeMapping = '' } = operation
  const mappingSeconds = Math.max(0.001, (Date.parse(endTimeMapping) - Date.parse(startTimeMapping)) / 1000 || 0.001)
  const { chunks, reasons, differences } = results
  const sum = (of: 'read' | 'mapped' | 'rejected') => chunks.reduce((total, chunk) => total + chunk[of], 0)
  const stop = operation.stopReason === undefined ? {} : { stopReason: operation.stopReason }
  return {
    version,
    file: { path: input.path, lengthBytes: input.lengthBytes, format: source.format },
    operation: { id: operation.id, status: operation.status, ...stop },
    exitCode: verdict.exitCode,
    verdict: verdict.words,
    read: sum('read'),
    mapped: sum('mapped'),
    rejected: sum('rejected'),
    reconciled: differences.length === 0 && sum('read') === sum('mapped') + sum('rejected'),
    mappingSeconds,
    recordsPerSecond: Math.round(sum('read') / mappingSeconds),
    reasons,
    chunks
  }
}

/** The report for a person. */
export function reportText(report: RunReport, outDir: string | undefined): string {
  const { read, mapped, rejected, chunks } = report
  const width = grouped(read).length
  const row = (name: string, count: number, note = '') => `  ${name.padEnd(9)} ${grouped(count).padStart(width)}${note}`
  const [first] = chunks
  const each =
    first === undefined ? '' : `, ${grouped(first.read)} records each${chunks.length > 1 ? ', the last one fewer' : ''}`
  return [
    report.verdict,
    row('read', read),
    row('mapped', mapped),
    row('rejected', rejected),
    `  ${grouped(chunks.length)} chunks${chunks.length > 1 ? '' : each}; read = mapped + rejected ${report.reconciled ? 'in every one, counted in the files' : 'does NOT hold'}`,
    `  mapped in ${duration(report.mappingSeconds)}, ${grouped(report.recordsPerSecond)} records a second`,
    ...reasonLines(report),
    ...(outDir === undefined ? [] : [`  results in ${outDir}: entities.jsonl, rejected.jsonl, rejected.mrc, report.json`]),
    ''
  ].join('\n')
}

function reasonLines({ reasons }: RunReport): string[] {
  const shown = reasons
    .slice(0, REASONS_SHOWN)
    .map(({ reason, count, firstIndex }) => `  ${grouped(count)} x ${reason} (first at index ${grouped(firstIndex)})`)
  const more = reasons.length > REASONS_SHOWN ? [`  and ${reasons.length - REASONS_SHOWN} reasons more`] : []
  return shown.length === 0 ? [] : ['rejected because', ...shown, ...more]
}
