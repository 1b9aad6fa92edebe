import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest, longest first: `slowest-files.ts` prints it after each run. The first uses a core for its browser, so
 * it starts beside a file that mostly waits.
 */
const LONGEST = [
  'test/web-ui/web-ui.test.ts',
  'test/lifecycle/in-real-time.test.ts',
  'test/dev/local-stack.test.ts',
  'test/model/scenarios.test.ts',
  'test/canary/canary.test.ts',
  'test/bad-input/bad-input.test.ts',
  'test/attacks/answers-that-leave-out.test.ts',
  'test/replay/gate.test.ts',
  'test/replay/without-cache.test.ts',
  'test/lifecycle/token-references.test.ts',
  'test/lifecycle/damaged-payloads.test.ts',
  'test/lifecycle/answers-to-a-send.test.ts',
  'test/bench/counts.test.ts',
  'test/cli/usage.test.ts',
  'test/cli/lifecycle.test.ts',
  'test/cli/replay/files.test.ts',
  'test/cli/replay/live.test.ts',
];

/**
 * Starts the longest files first, so that no core idles while the last one runs. Vitest knows durations only from earlier runs,
 * which a clean clone lacks, and sorts each project separately.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((path) => moduleId.endsWith(path));
      return at === -1 ? LONGEST.length : at;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}
