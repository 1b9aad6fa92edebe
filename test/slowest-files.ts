import type { Reporter, TestModule } from 'vitest/node';

const SHOWN = 10;

/** Prints the slowest files, with their seconds, below the summary of a run. */
export class SlowestFiles implements Reporter {
  onTestRunEnd(files: readonly TestModule[]): void {
    if (files.length <= SHOWN) return;
    const slowest = files
      .map((file) => {
        const { collectDuration, duration } = file.diagnostic();
        return {
          name: file.relativeModuleId,
          project: file.project.name,
          seconds: (collectDuration + duration) / 1000,
        };
      })
      .toSorted((one, other) => other.seconds - one.seconds);
    const sum = slowest.reduce((total, { seconds }) => total + seconds, 0);
    console.log(`\n Slowest of ${files.length} files, which took ${sum.toFixed(0)} s one after the other:`);
    for (const { name, project, seconds } of slowest.slice(0, SHOWN))
      console.log(`${seconds.toFixed(1).padStart(8)} s  ${name} (${project})`);
  }
}
