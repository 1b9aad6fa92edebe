import * as v from 'valibot';
import { fields, Text } from '../schema.js';

const Amount = v.pipe(v.number(), v.minValue(-1), v.maxValue(1e12));
const Verification = v.picklist(['PENDING', 'SUCCESS', 'FAILED', 'TEMPORARY_FAILURE', 'NOT_STARTED']);

const EmailIdentity = fields({
  /** A domain or an address. */
  EmailIdentity: Text,
  VerifiedForSendingStatus: v.optional(v.boolean(), true),
  VerificationStatus: v.optional(Verification, 'SUCCESS'),
  DkimStatus: v.optional(Verification, 'SUCCESS'),
  ConfigurationSetName: v.optional(Text),
  /** Policies by name, each as JSON. */
  Policies: v.optional(v.record(v.string(), v.string()), {}),
});

/** What Amazon SES says. */
export const SesSettings = fields({
  /** `false`: the account is in the SES sandbox, which sends to verified identities only. */
  ProductionAccessEnabled: v.optional(v.boolean(), true),
  SendingEnabled: v.optional(v.boolean(), true),
  EnforcementStatus: v.optional(v.picklist(['HEALTHY', 'PROBATION', 'SHUTDOWN']), 'HEALTHY'),
  SendQuota: v.optional(
    fields({
      Max24HourSend: v.optional(Amount, 50_000),
      MaxSendRate: v.optional(Amount, 14),
      SentLast24Hours: v.optional(Amount, 100),
    }),
    {},
  ),
  /** Of the request to leave the sandbox. `null`: nobody has asked. */
  ReviewStatus: v.optional(v.nullable(v.picklist(['PENDING', 'FAILED', 'GRANTED', 'DENIED'])), 'GRANTED'),
  identities: v.optional(v.array(EmailIdentity), [{ EmailIdentity: 'example.com' }]),
  suppressed: v.optional(
    v.array(fields({ EmailAddress: Text, Reason: v.optional(v.picklist(['BOUNCE', 'COMPLAINT']), 'BOUNCE') })),
    [],
  ),
});
