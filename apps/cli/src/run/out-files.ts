import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import { exitCodes } from '../exit-codes.ts'
import type { RejectedRecord } from './rejected-record.ts'

const NAMES = ['entities.jsonl', 'rejected.jsonl', 'rejected.mrc', 'report.json'] as const

/** The four files of `--out`. */
export interface OutFiles {
  entities(bytes: Uint8Array): Promise<void>
  rejected(record: RejectedRecord, bytes: Uint8Array): Promise<void>
  /** Writes the report last: where it stands, the others are whole. */
  finish(report: object): Promise<void>
}

/**
 * Makes the directory ready: new, empty, or holding what an earlier run left.
 *
 * @throws {CommandFailure} usage, when it holds anything else or cannot be written to
 */
export function prepareOutDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true })
    const others = readdirSync(dir).filter((name) => !NAMES.some((ours) => ours === name))
    if (others.length > 0) {
      throw new CommandFailure(
        exitCodes.usage,
        `--out: ${dir} holds other files (${others[0]}). Name an empty or a new directory.`
      )
    }
    writeFileSync(join(dir, NAMES[0]), '')
  } catch (error) {
    if (error instanceof CommandFailure) throw error
    throw new CommandFailure(exitCodes.usage, `--out: ${(error as Error).message}`, error)
  }
}

/** @param dir from `prepareOutDir` */
export async function openOutFiles(dir: string): Promise<OutFiles> {
  const report = join(dir, 'report.json')
  rmSync(report, { force: true })
  const [entities, lines, bytes] = await Promise.all([
    open(join(dir, 'entities.jsonl'), 'w'),
    open(join(dir, 'rejected.jsonl'), 'w'),
    open(join(dir, 'rejected.mrc'), 'w')
  ])
  return {
    entities: (piece) => entities.appendFile(piece),
    rejected: async (record, raw) => {
      await lines.appendFile(`${JSON.stringify(record)}\n`)
      await bytes.appendFile(raw)
    },
    finish: async (content) => {
      for (const file of [entities, lines, bytes]) await file.close()
      writeFileSync(report, `${JSON.stringify(content, null, 2)}\n`)
    }
  }
}
