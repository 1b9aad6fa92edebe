import * as v from 'valibot';
import { AwsException } from '../exceptions.js';
import type { Input } from '../members.js';
import { checkInput, Text } from '../schema.js';
import { REST_JSON_WIRE } from '../wire/rest-json.js';
import { ACCOUNT_ID, CREATED, type Service } from './service.js';

const PATHS: readonly (readonly [method: string, path: RegExp, operation: string])[] = [
  ['GET', /^\/v2\/email\/account$/, 'GetAccount'],
  ['POST', /^\/v2\/email\/account\/details$/, 'PutAccountDetails'],
  ['PUT', /^\/v2\/email\/account\/sending$/, 'PutAccountSendingAttributes'],
  ['POST', /^\/v2\/email\/identities$/, 'CreateEmailIdentity'],
  ['GET', /^\/v2\/email\/identities\/(?<EmailIdentity>[^/]+)$/, 'GetEmailIdentity'],
  ['GET', /^\/v2\/email\/suppression\/addresses\/(?<EmailAddress>[^/]+)$/, 'GetSuppressedDestination'],
];

/**
 * The operation that a request of SESv2 means. Of another one, its method and the part of the path that names no address.
 * @param body undefined if it cannot be read
 */
export function readSesRequest(
  method: string,
  path: string,
  body: Input | undefined,
): { operation: string; input: Input | undefined } {
  for (const [wanted, pattern, operation] of PATHS) {
    const found = pattern.exec(path);
    if (found === null || method !== wanted) continue;
    try {
      const members = Object.entries(found.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return { operation, input: body && { ...body, ...Object.fromEntries(members) } };
    } catch {
      return { operation, input: undefined };
    }
  }
  return { operation: `${method} ${path.split('/').slice(0, 4).join('/')}`, input: {} };
}

const Identity = v.object({ EmailIdentity: Text });
const Address = v.object({ EmailAddress: Text });
const Sending = v.object({ SendingEnabled: v.optional(v.boolean(), false) });
const Details = v.object({
  MailType: v.picklist(['MARKETING', 'TRANSACTIONAL']),
  WebsiteURL: v.pipe(v.string(), v.url()),
  ProductionAccessEnabled: v.optional(v.boolean(), false),
});

function typeOf(identity: string): string {
  return identity.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN';
}

function notFound(text: string): AwsException {
  return new AwsException('NotFoundException', text, 404);
}

/** Amazon SES, version 2 of its API. */
export const SES: Service = {
  name: 'ses',
  wire: REST_JSON_WIRE,
  operations: {
    CreateEmailIdentity: ({ account }, input, { region }) => {
      const { EmailIdentity } = checkInput(Identity, input, 'request');
      const { identities } = account.in(region).ses;
      if (identities.some((one) => one.EmailIdentity === EmailIdentity)) {
        throw new AwsException('AlreadyExistsException', `Email identity ${EmailIdentity} already exist.`, 400);
      }
      const made = { EmailIdentity, VerifiedForSendingStatus: false, VerificationStatus: 'PENDING' } as const;
      account.change({ ses: { identities: [...identities, { ...made, DkimStatus: 'PENDING' }] } }, region);
      return {
        IdentityType: typeOf(EmailIdentity),
        VerifiedForSendingStatus: false,
        DkimAttributes: { SigningEnabled: true, Status: 'PENDING' },
      };
    },
    GetAccount: ({ account }, _input, { region }) => {
      const { identities: _identities, suppressed: _suppressed, ReviewStatus, ...answer } = account.in(region).ses;
      const details =
        ReviewStatus === null ? undefined : { MailType: 'TRANSACTIONAL', ReviewDetails: { Status: ReviewStatus } };
      return { DedicatedIpAutoWarmupEnabled: false, ...answer, Details: details };
    },
    GetEmailIdentity: ({ account }, input, { region }) => {
      const { EmailIdentity: name } = checkInput(Identity, input, 'request');
      const found = account.in(region).ses.identities.find(({ EmailIdentity }) => EmailIdentity === name);
      if (found === undefined) throw notFound(`Email identity ${name} does not exist.`);
      const { EmailIdentity, DkimStatus, ...answer } = found;
      return {
        IdentityType: typeOf(EmailIdentity),
        FeedbackForwardingStatus: true,
        ...answer,
        DkimAttributes: { SigningEnabled: DkimStatus === 'SUCCESS', Status: DkimStatus },
        Tags: [],
      };
    },
    GetSuppressedDestination: ({ account }, input, { region }) => {
      const { EmailAddress: address } = checkInput(Address, input, 'request');
      const found = account.in(region).ses.suppressed.find(({ EmailAddress }) => EmailAddress === address);
      if (found === undefined) throw notFound(`Email address ${address} does not exist on your suppression list.`);
      return { SuppressedDestination: { ...found, LastUpdateTime: CREATED } };
    },
    /** A request for production access: `setAccount` plays the answer of AWS. */
    PutAccountDetails: ({ account }, input, { region }) => {
      const { ProductionAccessEnabled: isAsked } = checkInput(Details, input, 'request');
      const { ProductionAccessEnabled: isGranted, ReviewStatus } = account.in(region).ses;
      if (ReviewStatus === 'PENDING') {
        throw new AwsException('ConflictException', 'AWS reviews the details of this account.', 409);
      }
      if (isAsked && !isGranted) account.change({ ses: { ReviewStatus: 'PENDING' } }, region);
      return {};
    },
    PutAccountSendingAttributes: ({ account }, input, { region }) => {
      account.change({ ses: checkInput(Sending, input, 'request') }, region);
      return {};
    },
  },
  invalidInput: 'BadRequestException',
  resourceOf: (input, region) =>
    v.is(Identity, input) ? `arn:aws:ses:${region}:${ACCOUNT_ID}:identity/${input.EmailIdentity}` : '*',
};
