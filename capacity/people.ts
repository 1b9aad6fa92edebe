/** What people do, and when. */

/** The time from message to code is taken at so many points of its distribution. */
const POINTS = 40;

/** People's times from the message to the code: lognormal, which has the long tail that they have. */
export function codeSeconds(median: number, p95: number, points = POINTS): number[] {
  const sigma = Math.log(p95 / median) / 1.6449;
  return Array.from(
    { length: points },
    (_, point) => median * Math.exp(sigma * normalQuantile((point + 0.5) / points)),
  );
}

/** The inverse of the normal distribution, by Tukey's lambda approximation: within 0.02 from 1 % to 99 %. */
function normalQuantile(share: number): number {
  return (share ** 0.1349 - (1 - share) ** 0.1349) / 0.1975;
}

/** What people do later: masses by the second in which they do it, in a ring that is as long as they take at most. */
export class Plans {
  private readonly masses: Float64Array;
  private readonly startMasses: Float64Array;
  private left = 0;

  constructor(private readonly longestSeconds: number) {
    this.masses = new Float64Array(longestSeconds + 1);
    this.startMasses = new Float64Array(longestSeconds + 1);
  }

  get isEmpty(): boolean {
    return this.left <= 0;
  }

  add(second: number, mass: number, startSecond: number): void {
    if (mass <= 0) return;
    const at = second % (this.longestSeconds + 1);
    if (this.masses[at] === 0) this.left += 1;
    this.masses[at] = (this.masses[at] ?? 0) + mass;
    this.startMasses[at] = (this.startMasses[at] ?? 0) + mass * startSecond;
  }

  take(second: number): { mass: number; startSecond: number } | undefined {
    const at = second % (this.longestSeconds + 1);
    const mass = this.masses[at] ?? 0;
    if (mass === 0) return undefined;
    const startSecond = (this.startMasses[at] ?? 0) / mass;
    this.masses[at] = 0;
    this.startMasses[at] = 0;
    this.left -= 1;
    return { mass, startSecond };
  }
}
