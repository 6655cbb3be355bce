import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { EntityType, FileFormat } from '@marc-migrations/domain'
import {
  compileMapping,
  defaultRules,
  explanationText,
  fileRecordId,
  MappingError,
  type CompiledMapping
} from '@marc-migrations/mapping'
import type { RecordReading } from '@marc-migrations/marc'
import { CommandFailure } from '../command-failure.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { readInput } from './read-input.ts'
import { recordOutput } from './record-output.ts'

export interface MapOptions {
  readonly entity: EntityType
  readonly from?: FileFormat
  /** Files; our own rules and reference data where absent. */
  readonly rules?: string
  readonly params?: string
  readonly tenant: string
  readonly bare?: true
  /** Which rule of which tag made which property, and what was dropped and why, instead of the line. */
  readonly explain?: true
}

/** Writes one line to stdout for each record of the file, in order: the entity, or why there is none. */
export async function mapFile(file: string, options: MapOptions): Promise<ExitCode> {
  const { entity: entityType, rules, params } = options
  const mapping = compileMapping({
    entityType,
    rules: rules === undefined ? defaultRules[entityType].rules : await textOf('--rules', rules),
    params: params === undefined ? defaultRules[entityType].params : await textOf('--params', params)
  })
  const lineOf = lineMaker(mapping, options, basename(file))
  const out = recordOutput()
  let failed = 0
  for await (const reading of readInput(file, options.from)) {
    const { index } = reading
    const line = reading.ok ? lineOf(reading) : { error: reading.problem.message }
    if (typeof line !== 'string') failed++
    await out.write(typeof line === 'string' ? `${line}\n` : `${JSON.stringify({ ...line, index })}\n`)
  }
  await out.end()
  return failed === 0 ? exitCodes.done : exitCodes.rejected
}

function lineMaker(mapping: CompiledMapping, options: MapOptions, sourceName: string): Line {
  if (options.explain === true) return ({ marc }) => explanationText(mapping.explain(marc))
  return options.bare === true ? bareLine(mapping) : entityLine(mapping, options, sourceName)
}

type Line = (reading: RecordReading) => string | { readonly error: string }

function bareLine(mapping: CompiledMapping): Line {
  return ({ marc }) => {
    try {
      const entity = mapping.mapBare(marc)
      return entity === null ? { error: 'the mapper gives nothing for this record' } : JSON.stringify(entity)
    } catch (error) {
      if (error instanceof MappingError) return { error: error.message }
      throw error
    }
  }
}

/** The line an import would write; a record without a control number gets its id from its text, since its bytes are not kept. */
function entityLine(mapping: CompiledMapping, { tenant, entity: entityType }: MapOptions, sourceName: string): Line {
  return ({ index, offset, length, marc, controlNumber, controlNumberIdentifier }) => {
    const bytes = Buffer.from(controlNumber === undefined ? marc : '')
    const id = fileRecordId({ tenant, entityType, sourceName, controlNumber, controlNumberIdentifier, bytes })
    const mapped = mapping.remapFileRecord({ index, offset, length, id, marc })
    return mapped.ok ? mapped.line : { error: mapped.reasonLine.slice(mapped.reasonLine.indexOf(',') + 1) }
  }
}

async function textOf(option: string, file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: Error) => {
    throw new CommandFailure(exitCodes.usage, `${option}: ${error.message}`, error)
  })
}
