/** What the command's exit code says; 130 and 143 follow from the signals. */
export const exitCodes = {
  done: 0,
  unexpected: 1,
  usage: 2,
  rejected: 3,
  stopped: 4,
  cancelled: 5,
  unreachable: 6,
  interrupted: 130,
  terminated: 143
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
