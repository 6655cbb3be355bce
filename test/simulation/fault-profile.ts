import type { SeededRandom } from './seeded-random.ts'

/**
 * How bad this run's world is. Every seed has a profile of its own, most faults absent from most of them: a run in which
 * everything fails all the time reaches less than one in which a single fault meets an otherwise quiet system.
 */
export interface FaultProfile {
  /** How long faults and users go on; then the world is calm and the work has to end. */
  readonly faultsMs: number
  /** Chance of a call to the database or the objects to be refused, to be answered by nobody after it was done, to take seconds. */
  readonly refused: number
  readonly answerLost: number
  readonly slow: number
  /** Chance of a hint to be lost, sent twice, or held back for seconds. */
  readonly hintLost: number
  readonly hintDoubled: number
  readonly hintLate: number
  /** Chance of a wake to be lost. */
  readonly wakeLost: number
  /** Mean time between two of each, or Infinity. */
  readonly killEveryMs: number
  readonly stopEveryMs: number
  readonly terminateEveryMs: number
  readonly outageEveryMs: number
  readonly partitionEveryMs: number
  readonly userEveryMs: number
  readonly driftEveryMs: number
  /** Chance of a mapping thread to die, to take longer than a lease; of a whole worker to die with it. */
  readonly mapperCrash: number
  readonly mapperSlow: number
  /** One record that no mapper survives, until users have it mended. */
  readonly poison: boolean
  /** Workers hear hints of the broker, or read the table. */
  readonly bus: 'broker' | 'table'
  /** The object store tells the hash of what it took in, as S3 does; else a file is read before it is sent. */
  readonly objectsTellHash: boolean
  /** The rules cannot be had for the first part of the run, and may be other ones later on. */
  readonly rulesAwayMs: number
  readonly rulesChange: boolean
  /** Chance of a bulk call to be refused with 500, in the middle of its work. */
  readonly sinkRefused: number
  /** Chance of a bulk call to be answered by nobody after it was done. */
  readonly sinkAnswerLost: number
  /** The storage module raises an entity's version with each write, and then refuses the version before. */
  readonly sinkRaisesVersions: boolean
  /** Processes are struck where they have most to lose: when a file stands and is not counted, when a count is under way. */
  readonly ambush: boolean
  readonly skewMs: number
  readonly workers: number
  readonly coordinators: number
}

const NEVER = Infinity

export function faultProfile(random: SeededRandom): FaultProfile {
  const sometimes = (probability: number, value: () => number, otherwise: number): number =>
    random.chance(probability) ? value() : otherwise
  return {
    faultsMs: random.between(6_000, 25_000),
    refused: sometimes(0.3, () => random.next() * 0.15, 0),
    answerLost: sometimes(0.5, () => random.next() * 0.15, 0),
    slow: sometimes(0.4, () => random.next() * 0.08, 0),
    hintLost: sometimes(0.5, () => random.next(), 0),
    hintDoubled: sometimes(0.5, () => random.next() * 0.7, 0),
    hintLate: sometimes(0.4, () => random.next() * 0.5, 0),
    wakeLost: sometimes(0.3, () => random.next(), 0),
    killEveryMs: sometimes(0.6, () => random.between(1_500, 10_000), NEVER),
    stopEveryMs: sometimes(0.5, () => random.between(2_000, 8_000), NEVER),
    terminateEveryMs: sometimes(0.2, () => random.between(3_000, 10_000), NEVER),
    outageEveryMs: sometimes(0.3, () => random.between(5_000, 15_000), NEVER),
    partitionEveryMs: sometimes(0.3, () => random.between(4_000, 12_000), NEVER),
    userEveryMs: sometimes(0.7, () => random.between(700, 5_000), NEVER),
    driftEveryMs: sometimes(0.2, () => random.between(1_000, 5_000), NEVER),
    mapperCrash: sometimes(0.3, () => random.next() * 0.3, 0),
    mapperSlow: sometimes(0.4, () => random.next() * 0.3, 0),
    poison: random.chance(0.06),
    bus: random.chance(0.75) ? 'broker' : 'table',
    objectsTellHash: random.chance(0.6),
    rulesAwayMs: sometimes(0.2, () => random.between(500, 9_000), 0),
    rulesChange: random.chance(0.3),
    sinkRefused: sometimes(0.3, () => random.next() * 0.3, 0),
    sinkAnswerLost: sometimes(0.3, () => random.next() * 0.4, 0),
    sinkRaisesVersions: random.chance(0.3),
    ambush: random.chance(0.3),
    skewMs: sometimes(0.4, () => 3_600_000, 0),
    workers: 3,
    coordinators: random.between(2, 3)
  }
}
