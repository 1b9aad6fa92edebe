import { queryWire } from '../wire/query.js';
import { ACCOUNT_ID, CALLER_ARN, type Service } from './service.js';

/** AWS STS, which says who the caller is. No policy can forbid that. */
export const STS: Service = {
  name: 'sts',
  wire: queryWire('https://sts.amazonaws.com/doc/2011-06-15/'),
  operations: {
    GetCallerIdentity: () => ({ Arn: CALLER_ARN, UserId: 'AROASANDBOX:sandbox', Account: ACCOUNT_ID }),
  },
  invalidInput: 'ValidationError',
  needsPermission: () => false,
};
