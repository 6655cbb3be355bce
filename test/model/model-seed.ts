/**
 * Where the random states of this run come from. What fails says it, and MODEL_SEED makes the same states again; their times are
 * told from the database's now.
 */
export const MODEL_SEED = Number(process.env['MODEL_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** For the message of a failure. */
export const asSeen = (what: string, state: unknown): string =>
  `MODEL_SEED=${MODEL_SEED}: ${what}\non ${JSON.stringify(state)}`
