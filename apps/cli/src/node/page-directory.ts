import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Logger } from '@marc-migrations/domain'
import { pageBuildFile } from '../cli-paths.ts'

const BUILD_LIMIT_MS = 60_000

/** The page's files, built now when they are missing or older than their sources; undefined, with a log line, where that fails. */
export async function pageDirectory(logger: Logger): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [pageBuildFile], { timeout: BUILD_LIMIT_MS })
    return stdout.trim().split('\n').at(-1)
  } catch (err) {
    logger.warn({ err }, 'page.not-built')
    return undefined
  }
}
