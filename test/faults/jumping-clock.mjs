/**
 * Preloaded into a worker process (`node --import`): its clock is wrong, and jumps. Every few seconds `Date` moves to
 * another time within a day of the real one, ahead or back, as if somebody set the clock of the machine.
 */
const EVERY_MS = 4_000;
const MOST_MS = 24 * 3_600_000;

const seed = Number(process.env['JUMPING_CLOCK_SEED']);
const { now } = Date;
let jumps = 0;
let offset = 0;
const jump = () => {
  // Pseudo-random and reproducible: fractions of the sine.
  const draw = Math.sin(seed + ++jumps) * 10_000;
  offset = Math.round((2 * (draw - Math.floor(draw)) - 1) * MOST_MS);
};
jump();
setInterval(jump, EVERY_MS).unref();

const wrong = () => now() + offset;
globalThis.Date = new Proxy(Date, {
  construct: (target, args, called) => Reflect.construct(target, args.length === 0 ? [wrong()] : args, called),
  apply: (target) => new target(wrong()).toString(),
  get: (target, name) => (name === 'now' ? wrong : Reflect.get(target, name)),
});
