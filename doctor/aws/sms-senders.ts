/** What a region has that can be the sender of a message. */
import type { PhoneNumberInformation, SenderIdInformation } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import type { AwsAccount } from '../aws-account.js';
import { CALLS } from './calls.js';

/** The numbers and sender ids of the account, and those that other accounts share with it. */
export interface Senders {
  readonly numbers: readonly PhoneNumberInformation[];
  readonly senderIds: readonly SenderIdInformation[];
}

/** @throws AwsCallError */
export async function sendersIn(aws: AwsAccount, region: string): Promise<Senders> {
  const place = { region };
  // One after the other: AWS takes one such call a second from a new account.
  const both = async <Item>(ask: (Owner: 'SELF' | 'SHARED') => Promise<Item[]>) => [
    ...(await ask('SELF')),
    ...(await ask('SHARED')),
  ];
  const [numbers, senderIds] = await Promise.all([
    both((Owner) => aws.ask(CALLS.originationNumbers, place, { Owner })),
    both((Owner) => aws.ask(CALLS.senderIds, place, { Owner })),
  ]);
  return { numbers, senderIds };
}

/** Those of the senders that an `OriginationIdentity` names, by itself or by the pool of numbers that they are in. */
export function sendersNamed(wanted: string, { numbers, senderIds }: Senders): Senders {
  const poolId = wanted.split(':pool/').at(-1);
  return {
    numbers: numbers.filter(
      ({ PhoneNumber, PhoneNumberArn, PhoneNumberId, PoolId }) =>
        [PhoneNumber, PhoneNumberArn, PhoneNumberId].includes(wanted) || (PoolId !== undefined && PoolId === poolId),
    ),
    senderIds: senderIds.filter(({ SenderId, SenderIdArn }) => [SenderId, SenderIdArn].includes(wanted)),
  };
}
