// Loaded by NODE_OPTIONS=--import: the machine's clock goes wrong by CLOCK_SHIFT_MS. The monotonic clock is another and goes on.
const shiftMs = Number(process.env.CLOCK_SHIFT_MS ?? 0)
const RealDate = Date

globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [RealDate.now() + shiftMs] : args))
  }

  static now() {
    return RealDate.now() + shiftMs
  }
}
