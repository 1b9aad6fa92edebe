/** Temporal's Core writes this beside the answer of a local activity, in plain text. A replay reads it again. */
import { isRecord } from '@cognito-verification/contract';

/** The fields that Core knows. None of them holds anything of a caller's. */
const FIELDS = [
  'seq',
  'attempt',
  'activity_id',
  'activity_type',
  'complete_time',
  'backoff',
  'original_schedule_time',
] as const;

/** Of one marker. */
export type LocalActivity = Partial<Record<(typeof FIELDS)[number], unknown>>;

/** Undefined for another event, and for a marker that Core cannot have written. */
export function localActivityOf(event: Record<string, unknown>): LocalActivity | undefined {
  const marker = event['markerRecordedEventAttributes'];
  if (!isRecord(marker) || marker['markerName'] !== 'core_local_activity') return undefined;
  const payloads =
    isRecord(marker['details']) && isRecord(marker['details']['data']) && marker['details']['data']['payloads'];
  const [payload] = Array.isArray(payloads) ? payloads : [];
  try {
    const told: unknown = JSON.parse(Buffer.from(String(payload?.data), 'base64').toString());
    return isRecord(told) ? Object.fromEntries(FIELDS.map((field) => [field, told[field]])) : undefined;
  } catch {
    return undefined;
  }
}

/** Puts it back into a redacted marker, where it is no payload of ours. */
export function restoreLocalActivity(redacted: unknown, event: Record<string, unknown>): void {
  const told = localActivityOf(event);
  const marker = isRecord(redacted) ? redacted['markerRecordedEventAttributes'] : undefined;
  if (!told || !isRecord(marker) || !isRecord(marker['details'])) return;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const payload = { metadata: { encoding: base64('json/plain') }, data: base64(JSON.stringify(told)) };
  marker['details']['data'] = { payloads: [payload] };
}
