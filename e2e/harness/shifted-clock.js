// For `node --require`: at SIGUSR2 the clock of the process jumps by CLOCK_JUMP_MS, as when somebody sets the machine's.
// What counts the time since the process started is not touched, nor does the kernel touch it.
const RealDate = Date;
let shiftMs = 0;

const now = () => RealDate.now() + shiftMs;

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});

process.on("SIGUSR2", () => {
  shiftMs += Number(process.env.CLOCK_JUMP_MS);
  console.log(`clock: ${new Date().toISOString()}`);
});
