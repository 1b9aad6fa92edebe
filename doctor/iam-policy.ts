import { KEY_SETTINGS } from '@cognito-verification/codec';
import { iamActions } from './aws-account.js';

/** What the check `key-ring` calls for each key of AWS KMS. */
const KEY_ACTIONS: readonly string[] = ['kms:Decrypt', 'kms:GenerateDataKey'];

/** A policy of IAM with what the checks call and no more: reading, and for keys of AWS KMS a data key that nothing is sealed with. */
export function iamPolicy(environment: NodeJS.ProcessEnv = process.env): object {
  const keys = (environment[KEY_SETTINGS.kms] ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  const reading = { Sid: 'Read', Effect: 'Allow', Action: [...iamActions()].sort(), Resource: '*' };
  const sealing = { Sid: 'Keys', Effect: 'Allow', Action: KEY_ACTIONS, Resource: keys };
  return { Version: '2012-10-17', Statement: [reading, ...(keys.length > 0 ? [sealing] : [])] };
}
