import { KeySettingsError } from '@cognito-verification/codec';
import { ConfigError, type ConfigProblem } from '../temporal/config.js';

/** Collects what is wrong with settings that are read in several places, so that it is told at once. */
export class Problems {
  private readonly found: ConfigProblem[] = [];

  /** What was read; undefined where it is wrong. Throws what is no problem of a setting. */
  orNote<Value>(read: () => Value): Value | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof KeySettingsError) && !(error instanceof ConfigError)) throw error;
      this.found.push(...error.problems);
      return undefined;
    }
  }

  /** All of them. */
  toError(): ConfigError {
    return new ConfigError(this.found);
  }
}
