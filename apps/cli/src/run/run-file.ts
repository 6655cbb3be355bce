import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { directoryStore } from '@marc-migrations/objects'
import { createLogger } from '@marc-migrations/runtime'
import { DEMO_RECORDS } from '../demo-file/demo-file.ts'
import { temporaryPlace } from '../embedded/postgres-place.ts'
import { unprivilegedUser } from '../embedded/unprivileged-user.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { RunOptions } from '../verbs/run-options.ts'
import { collectResults } from './collect-results.ts'
import { followOperation } from './follow-operation.ts'
import { makeInput, openInput, requireRecords, type Input, type InputFile } from './input-file.ts'
import { startLocalCluster } from './local-cluster.ts'
import { migrationApi } from './migration-api.ts'
import { openOutFiles, prepareOutDir } from './out-files.ts'
import { grouped, progressView, type ProgressView } from './progress-view.ts'
import { reportOf, reportText, type RunReport } from './report.ts'
import { untilInterrupted } from './until-interrupted.ts'
import { verdictOf } from './verdict.ts'

/**
 * The whole system over one file: PostgreSQL, a coordinator and workers as processes, the file sent and the migration started
 * through the REST API, the result read back and reconciled. Everything but `--out` is gone afterwards.
 *
 * @returns the exit code; the report stands on stdout
 * @throws {CommandFailure} what kept it from an end, or the signal that ended it
 */
export async function runFile(input: Input, options: RunOptions): Promise<ExitCode> {
  const outDir = options.out === undefined ? undefined : resolve(options.out)
  const given = input.kind === 'given' ? await openInput(input.path) : undefined
  if (given !== undefined) await requireRecords(given)
  if (outDir !== undefined) prepareOutDir(outDir)
  const view = progressView(process.stderr, options.progress)
  const ids = unprivilegedUser()
  const place = temporaryPlace(ids)
  const removePlace = () => rmSync(place, { recursive: true, force: true, maxRetries: 10 })
  // Also when an exception nobody catches ends the process; once PostgreSQL is there, its keeper does the same.
  process.once('exit', removePlace)
  const undo: (() => unknown)[] = [removePlace, () => view.stop()]
  try {
    const report = await untilInterrupted(view.say, async () => {
      if (given === undefined)
        view.say(`making ${grouped(DEMO_RECORDS)} authority records, a few of them broken on purpose …`)
      const file = given ?? (await makeInput(place))
      undo.push(() => file.handle.close())
      view.say(`starting PostgreSQL, a coordinator and ${workersOf(options)} …`)
      const cluster = await startLocalCluster({ place, ids, workers: options.workers, say: view.say })
      undo.push(() => cluster.stop())
      return Promise.race([migrate(file, cluster, outDir, view, options), cluster.failed])
    })
    view.stop()
    process.stdout.write(options.json === true ? `${JSON.stringify(report)}\n` : reportText(report, outDir))
    return report.exitCode
  } finally {
    for (const step of undo.reverse()) await step()
  }
}

async function migrate(
  file: InputFile,
  cluster: { url(): string; readonly objectsDir: string },
  outDir: string | undefined,
  view: ProgressView,
  options: RunOptions
): Promise<RunReport & { readonly exitCode: ExitCode }> {
  const api = migrationApi(() => cluster.url())
  view.say(`all of it is up: API and page are at ${cluster.url()}/ while this runs`)
  await api.registerTenant()
  const source = await api.upload(file.uploadName, file.handle, file.lengthBytes)
  view.say(`sent ${source.name}: ${source.format}, ${grouped(file.lengthBytes)} bytes`)
  const started = await api.start(options.entity, source)
  const operation = await followOperation(api, started.id, (now) => view.update(now))

  const objects = directoryStore({ dir: cluster.objectsDir, logger: createLogger({ logLevel: 'fatal' }, {}) })
  const out = outDir === undefined ? undefined : await openOutFiles(outDir)
  const results = await collectResults(api.chunks(started.id), objects, file.handle, out)
  const verdict = verdictOf(operation, results, file.planted)
  const report = { ...reportOf(file, source, operation, results, verdict), exitCode: verdict.exitCode }
  await out?.finish(report)
  return report
}

const workersOf = ({ workers }: RunOptions): string => (workers === 1 ? 'one worker process' : `${workers} worker processes`)
