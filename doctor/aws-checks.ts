import * as clients from './aws/app-clients.js';
import { credentials } from './aws/credentials.js';
import * as email from './aws/email.js';
import { webAcl } from './aws/firewall.js';
import * as pools from './aws/pool-settings.js';
import { quotas } from './aws/quotas.js';
import * as ses from './aws/ses-account.js';
import * as account from './aws/sms-account.js';
import * as countries from './aws/sms-countries.js';
import { protect } from './aws/sms-protect.js';
import * as sms from './aws/sms-settings.js';
import type { Check } from './check.js';
import type { Surroundings } from './surroundings.js';

/**
 * Every check of the AWS account, in the order of the report. First how the pool sends, on which all of SMS hangs; then the two that
 * nobody but users would find: a send succeeds, and no message arrives.
 */
export const AWS_CHECKS: readonly Check<Surroundings>[] = [
  sms.smsConfiguration,
  account.smsSandbox,
  countries.originationIdentities,
  credentials,
  pools.exists,
  pools.autoVerified,
  pools.keepOriginal,
  pools.templates,
  pools.triggers,
  clients.appClients,
  clients.readAttributes,
  clients.writeAttributes,
  clients.tokenLifetime,
  clients.tokenScope,
  clients.tokenRevocation,
  clients.analytics,
  email.emailSending,
  email.emailFailure,
  email.sesIdentity,
  ses.sesSandbox,
  ses.sesSending,
  sms.smsFailure,
  sms.poolSender,
  account.spendLimit,
  account.optOuts,
  protect,
  quotas,
  webAcl,
];
