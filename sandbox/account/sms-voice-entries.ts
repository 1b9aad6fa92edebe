import { createHash } from 'node:crypto';
import type { Account } from './account.js';
import { ACCOUNT_ID, CREATED } from './service.js';

/** The ARN of something of End User Messaging. */
export function arn(region: string, kind: string, id: string): string {
  return `arn:aws:sms-voice:${region}:${ACCOUNT_ID}:${kind}/${id}`;
}

/** As long as AWS's own ids, and without the number. */
export function idOf(kind: string, number: string): string {
  return `${kind}-${createHash('sha256').update(number).digest('hex').slice(0, 32)}`;
}

/** A number as the answers have it. */
export function numberIn(region: string, entry: Account['smsVoice']['PhoneNumbers'][number]) {
  const { PhoneNumberId = idOf('phone', entry.PhoneNumber) } = entry;
  const PhoneNumberArn = arn(region, 'phone-number', PhoneNumberId);
  return { ...entry, PhoneNumberArn, PhoneNumberId, CreatedTimestamp: CREATED };
}

/** A sender id as the answers have it. */
export function senderIdIn(region: string, entry: Account['smsVoice']['SenderIds'][number]) {
  return { SenderIdArn: arn(region, 'sender-id', `${entry.SenderId}/${entry.IsoCountryCode}`), ...entry };
}
