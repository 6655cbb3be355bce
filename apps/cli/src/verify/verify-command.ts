import { join, resolve } from 'node:path'
import { createLogger, readConfig, type Environment } from '@marc-migrations/runtime'
import { useEmbedded } from '../embedded/use-embedded.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { embeddedEnvironment } from '../node/embedded-environment.ts'
import { openDatabase, openObjects } from '../open-adapters.ts'
import { version } from '../version.ts'
import { runVerify, type Verification } from './run-verify.ts'

export interface VerifyOptions {
  readonly all?: true
  readonly tenant?: string
  readonly repair?: true
  readonly embedded?: true
  readonly dataDir: string
  readonly json?: true
}

/** Prints a manifest of each operation on stdout; the exit code is 1 when one is not sound. */
export async function verifyCommand(operationId: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const { embedded, dataDir } = options
  if (embedded !== true) return verifyIn(process.env, operationId, options)
  const stateDir = resolve(dataDir)
  const postgres = await useEmbedded(stateDir)
  try {
    return await verifyIn(embeddedEnvironment(process.env, postgres.db, join(stateDir, 'objects')), operationId, options)
  } finally {
    await postgres.stop()
  }
}

async function verifyIn(env: Environment, operationId: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const config = readConfig(env)
  const logger = createLogger({ logLevel: 'fatal' }, { service: 'marc-migrations-verify', version })
  const stores = await openDatabase(config, logger)
  const request = {
    repair: options.repair === true,
    ...(operationId === undefined ? {} : { operationId }),
    ...(options.tenant === undefined ? {} : { tenant: options.tenant })
  }
  let sound = true
  try {
    for await (const verification of runVerify(request, stores, openObjects(config, logger))) {
      sound &&= verification.sound
      process.stdout.write(options.json === true ? `${JSON.stringify(verification)}\n` : manifestText(verification))
    }
  } finally {
    await stores.close()
  }
  return sound ? exitCodes.done : exitCodes.unexpected
}

function manifestText(found: Verification): string {
  const { operationId, tenant, status, stopReason, total, mapped, rejected, saved, drift, chunks } = found
  return [
    `operation ${operationId} of ${tenant}: ${status}${stopReason === null ? '' : ` (${stopReason})`}, ${found.sound ? 'sound' : 'NOT SOUND'}`,
    `  total ${total}, mapped ${mapped}, rejected ${rejected}, saved ${saved}, drift ${drift}, chunks ${chunks}`,
    ...found.rulesHashes.map((hash) => `  rules ${hash}`),
    ...found.objects.map(
      ({ key, lengthBytes, sha256, records }) => `  ${sha256} ${lengthBytes} bytes ${records} records ${key}`
    ),
    ...found.findings.map(
      ({ severity, invariant, message, chunkId }) =>
        `  ${severity} ${invariant}: ${chunkId === undefined ? '' : `chunk ${chunkId} `}${message}`
    ),
    ...found.repairedChunks.map((id) => `  mapped again: chunk ${id}`),
    ''
  ].join('\n')
}
