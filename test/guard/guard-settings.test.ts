import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SettingError } from '@cognito-verification/codec';
import { Secret } from '@cognito-verification/contract';
import { describe, expect, it } from 'vitest';
import { allowedValues, GUARD_SETTINGS, type GuardSetting, guardSettings } from '../../guard/guard-settings.js';

const COUNT = { right: { 1: 1, 1000: 1_000 }, wrong: ['0', '-1', '1.5', 'none', '1e3'] };
const BRAKE = { right: { 2: 2, 1000000: 1_000_000 }, wrong: ['1', '0', '1000001', 'off'] };
const KEY = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 7)).toString('base64');

/** Of each setting: texts with what they mean, and texts that are refused. */
const SAMPLES: Record<keyof typeof GUARD_SETTINGS, { right: Record<string, unknown>; wrong: string[] }> = {
  smsCountries: {
    right: { DE: ['DE'], 'DE, FR,+882': ['DE', 'FR', '+882'] },
    wrong: ['UK', 'de', 'Germany', ',', '+1234', 'DE;FR'],
  },
  smsRefusedKinds: {
    right: { premium: ['premium'], 'premium,shared-cost, voip': ['premium', 'shared-cost', 'voip'] },
    wrong: ['mobile', 'PREMIUM', 'toString', ','],
  },
  smsUnread: { right: { allow: 'allow', hold: 'hold' }, wrong: ['true', 'Hold'] },
  destinationPerHour: COUNT,
  destinationPerDay: COUNT,
  smsPerHour: COUNT,
  smsPerDay: COUNT,
  emailPerHour: COUNT,
  emailPerDay: COUNT,
  smsBrake: { right: { off: 'off', watch: 'watch', on: 'on' }, wrong: ['true', 'On'] },
  smsBrakeCountryPerHour: BRAKE,
  smsBrakeCountryPerDay: BRAKE,
  smsBrakePrefixPerHour: BRAKE,
  smsBrakePrefixPerDay: BRAKE,
  smsBrakeUnprovenPercent: { right: { 0: 0, 90: 90 }, wrong: ['91', '-1', '33%'] },
  guardStore: {
    right: {
      'redis://localhost': new Secret('redis://localhost'),
      'rediss://user:secret@host:6379/1': new Secret('rediss://user:secret@host:6379/1'),
    },
    wrong: ['localhost:6379', 'http://localhost', 'redis://', 'redis://host/a'],
  },
  guardStoreAway: { right: { 'go-on': 'go-on', hold: 'hold' }, wrong: ['wait'] },
  guardStoreTimeoutMs: { right: { '50 ms': 50, '1s': 1_000 }, wrong: ['500', '49 ms', '6 s', 'soon'] },
};

describe.each(Object.entries<GuardSetting>(GUARD_SETTINGS))('%s', (option, setting) => {
  const { right, wrong } = SAMPLES[option as keyof typeof GUARD_SETTINGS];
  const { variable } = setting;
  // A store needs a key.
  const env = (text: string) => ({ [variable]: text, VERIFICATION_GUARD_KEY: KEY });

  it.each(Object.entries(right))('%s', (text, value) => {
    expect(guardSettings(env(text))).toEqual({ [option]: value, guardKey: Buffer.from(KEY, 'base64') });
  });

  it.each(wrong)('refuses %j, and says what is allowed', (text) => {
    expect(() => guardSettings(env(text))).toThrow(SettingError);
    expect(() => guardSettings(env(text))).toThrow(`${variable}: found `);
    expect(() => guardSettings(env(text))).toThrow(`; allowed: ${allowedValues(setting)}`);
  });

  it('an empty variable counts as not set', () => {
    expect(guardSettings({ [variable]: '' })).toEqual({});
  });

  it('its default is one that can be set', () => {
    if ('default' in setting) expect(() => guardSettings(env(String(setting.default)))).not.toThrow();
  });
});

it('says everything that is wrong at once, and shows no password', () => {
  const wrong = { VERIFICATION_SMS_BRAKE: 'x', VERIFICATION_GUARD_STORE: 'http://user:sesame@host' };
  expect(() => guardSettings(wrong)).toThrow(/SMS_BRAKE: [^]*GUARD_STORE: [^]*GUARD_KEY: /);
  expect(() => guardSettings(wrong)).not.toThrow(/sesame/);
});

describe('the key', () => {
  it('is required with a store, and the error has the line that makes one', () => {
    expect(() => guardSettings({ VERIFICATION_GUARD_STORE: 'redis://localhost' })).toThrow(
      /VERIFICATION_GUARD_KEY: found nothing beside VERIFICATION_GUARD_STORE; allowed: .*openssl rand -base64 32/,
    );
  });

  it.each(['short', 'A'.repeat(43), `${KEY}${KEY}`, 'not base64!'])('refuses %j and does not show it', (text) => {
    const read = () => guardSettings({ VERIFICATION_GUARD_KEY: text });
    expect(read).toThrow(SettingError);
    expect(read).not.toThrow(text);
  });

  it('comes from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'guard-key-'));
    try {
      const path = join(folder, 'key');
      await writeFile(path, `${KEY}\n`);
      expect(guardSettings({ VERIFICATION_GUARD_KEY_FILE: path })).toEqual({ guardKey: Buffer.from(KEY, 'base64') });
      const missing = { VERIFICATION_GUARD_KEY_FILE: join(folder, 'other.key') };
      expect(() => guardSettings(missing)).toThrow(/VERIFICATION_GUARD_KEY_FILE: .* that does not exist/);
      expect(() => guardSettings({ VERIFICATION_GUARD_KEY_FILE: path, VERIFICATION_GUARD_KEY: KEY })).toThrow(
        /one of the two/,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
