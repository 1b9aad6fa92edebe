/** Where the checks ask. Whatever a setting is wrong about, it keeps no check from running that does not need it. */
import {
  checkCognitoEndpoint,
  cognitoEndpoint,
  type KeyRing,
  keyRingFromSettings,
  SettingError,
  type UserPoolSetting,
  userPoolsFromSettings,
} from '@cognito-verification/codec';
import { loadTemporalConfig } from '../temporal/config.js';
import { type AwsAccount, createAwsAccount } from './aws-account.js';
import { CouldNotAskError } from './could-not-ask.js';
import { once } from './once.js';
import { TemporalService } from './temporal-service.js';

/** What the person who runs doctor has asked for. */
export interface Question {
  /** Ids of the user pools to ask about. Default: all that the settings name. */
  readonly userPoolIds: readonly string[];
  /** ISO 3166-1 alpha-2 codes in capitals. Default: none, see `Surroundings.countries`. */
  readonly countries: readonly string[];
  /** The exact origins of the Web UI, such as `https://temporal.example.com`. Default: none, see `CodecServerAddress`. */
  readonly webUiOrigins?: readonly string[] | undefined;
}

/** Where the codec server is, as the `temporal` command is told. */
interface CodecServerAddress {
  /** `TEMPORAL_CODEC_ENDPOINT`, without a slash at its end. Undefined: there is none to ask about. */
  readonly endpoint: string | undefined;
  /** `TEMPORAL_CODEC_AUTH`: the value of the header `Authorization`. */
  readonly authorization: string | undefined;
  /** The origins of the Web UI: asked for, or of `VERIFICATION_CODEC_ORIGINS`. Undefined: those of a local stack, where the endpoint is on loopback. */
  readonly origins: readonly string[] | undefined;
}

/** What a check gets. */
export interface Surroundings {
  readonly environment: NodeJS.ProcessEnv;
  readonly temporal: TemporalService;
  /**
   * The keys as the settings name them.
   * @throws SettingError, which the check `key-ring` reports; others read them by `readable`
   */
  readonly keys: () => KeyRing;
  /**
   * The user pools that the settings name, whatever was asked for.
   * @throws SettingError, which the check `user-pool-settings` reports
   */
  readonly servedUserPools: () => readonly UserPoolSetting[];
  /**
   * The user pools to ask about: those of `--user-pool`, served or not, else all that are served.
   * @throws CouldNotAskError if the settings that name them are wrong; with `--user-pool`, if the endpoint of Cognito is
   */
  readonly userPools: () => readonly UserPoolSetting[];
  /**
   * The countries whose numbers get messages, as ISO 3166-1 alpha-2 codes in capitals. Empty if nobody has named one: checks then
   * speak of the United States alone, as a warning, since it is the country that takes no message without a registered number.
   */
  readonly countries: readonly string[];
  readonly codecServer: CodecServerAddress;
  readonly aws: AwsAccount;
  /** The clock of this machine, in milliseconds of the epoch. */
  readonly now: () => number;
  /** Closes what the checks have opened. */
  close(): Promise<void>;
}

/** The surroundings that the environment names. Nothing is asked yet, and nothing is thrown. */
export function surroundingsFromSettings(
  { userPoolIds, countries, webUiOrigins }: Question,
  environment: NodeJS.ProcessEnv = process.env,
  now: () => number = Date.now,
): Surroundings {
  const temporal = new TemporalService(() => loadTemporalConfig(environment));
  const servedUserPools = once(() => userPoolsFromSettings(environment));
  const userPools = once(() => askedUserPools(userPoolIds, servedUserPools, environment));
  const aws = createAwsAccount({ now, region: () => regionOfFirst(userPools) });
  return {
    environment,
    temporal,
    keys: once(() => keyRingFromSettings(environment)),
    servedUserPools,
    userPools,
    countries,
    codecServer: {
      endpoint: environment['TEMPORAL_CODEC_ENDPOINT']?.replace(/\/+$/, '') || undefined,
      authorization: environment['TEMPORAL_CODEC_AUTH'] || undefined,
      origins: webUiOrigins ?? originsFromSettings(environment),
    },
    aws,
    now,
    close: async () => {
      aws.close();
      await temporal.close();
    },
  };
}

/** The region of the first pool, else `us-east-1`. The credentials are those of the partition in which the pools are. */
export function regionOfFirst(userPools: () => readonly UserPoolSetting[]): string {
  try {
    return userPools()[0]?.userPoolId.split('_')[0] ?? 'us-east-1';
  } catch {
    return 'us-east-1';
  }
}

/** `VERIFICATION_CODEC_ORIGINS`, which the codec server itself checks. */
function originsFromSettings({
  VERIFICATION_CODEC_ORIGINS: setting = '',
}: NodeJS.ProcessEnv): readonly string[] | undefined {
  const origins = setting.split(',').map((origin) => origin.trim());
  return setting.trim() === '' ? undefined : origins;
}

function askedUserPools(
  userPoolIds: readonly string[],
  served: () => readonly UserPoolSetting[],
  environment: NodeJS.ProcessEnv,
): readonly UserPoolSetting[] {
  if (userPoolIds.length === 0) return readable(served, 'user-pool-settings');
  readable(() => checkCognitoEndpoint(environment), 'user-pool-settings');
  const known = servedOrNone(served);
  const endpoint = cognitoEndpoint(environment)?.url;
  return userPoolIds.map(
    (userPoolId) =>
      known.find((pool) => pool.userPoolId === userPoolId) ?? {
        userPoolId,
        clientIds: undefined,
        keepsOriginal: false,
        endpoint,
        keysFile: undefined,
      },
  );
}

/** Who names the pools to ask about needs no setting that names them. What is wrong with it says `user-pool-settings`. */
function servedOrNone(served: () => readonly UserPoolSetting[]): readonly UserPoolSetting[] {
  try {
    return served();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    return [];
  }
}

/**
 * The answer of a reader of settings, for every check but the one that reports what is wrong with them.
 * @param reportedBy the name of that check
 * @throws CouldNotAskError in place of a SettingError
 */
export function readable<Setting>(read: () => Setting, reportedBy: string): Setting {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    const names = [...new Set(error.problems.map(({ name }) => name))].join(', ');
    throw new CouldNotAskError(
      `Not asked, because a setting is wrong: ${names}.`,
      { text: `Correct the setting as ${reportedBy} says, and run doctor again.` },
      {},
      { cause: error },
    );
  }
}
