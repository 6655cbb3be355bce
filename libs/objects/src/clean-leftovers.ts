import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '@marc-migrations/domain'
import { TEMP_FOLDER } from './file-place.ts'

/** A writer that lives touches its file far more often than this, even an upload over a slow line. */
const LEFT_BEHIND_MS = 24 * 60 * 60 * 1000

/** Removes what killed writers left half written. Others may do the same at the same time; it never fails. */
export async function cleanLeftovers(dir: string, logger: Logger): Promise<void> {
  const folder = join(dir, TEMP_FOLDER)
  try {
    for (const name of await readdir(folder)) {
      const file = join(folder, name)
      const written = await stat(file)
      if (Date.now() - written.mtimeMs < LEFT_BEHIND_MS) continue
      await rm(file, { force: true })
      logger.info({ file, lengthBytes: written.size }, 'objects.leftover.removed')
    }
  } catch (err) {
    logger.debug({ err }, 'objects.leftovers.unread')
  }
}
