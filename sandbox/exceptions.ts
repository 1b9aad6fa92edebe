/** The error that an AWS service answers with. */
export class AwsException extends Error {
  override readonly name: string;

  constructor(
    name: string,
    message: string,
    readonly status: number,
    /** What the error's shape has besides the message. */
    readonly members: object = {},
  ) {
    super(message);
    this.name = name;
  }
}

/**
 * An exception in Cognito's words. Names and texts are as exact as is known: callers tell four kinds of
 * `NotAuthorizedException` apart by the message alone. `docs/sandbox.md` says where each text comes from.
 */
export class CognitoException extends AwsException {
  /** Cognito answers nearly everything with 400, whatever the SDK's model says. */
  constructor(name: string, message: string, status = 400) {
    super(name, message, status);
  }
}

/** A request member that breaks its constraint. */
export function invalidParameter(message: string): CognitoException {
  return new CognitoException('InvalidParameterException', message);
}

/** A caller without permission. Only the message says why. */
export function notAuthorized(message: string): CognitoException {
  return new CognitoException('NotAuthorizedException', message);
}

/** A user that does not exist, or no longer. */
export function userNotFound(message = 'User does not exist.'): CognitoException {
  return new CognitoException('UserNotFoundException', message);
}

/** A pool or client that does not exist. */
export function resourceNotFound(message: string): CognitoException {
  return new CognitoException('ResourceNotFoundException', message);
}

/** A body of more bytes than the service takes. Other AWS services with this protocol answer so. */
export function requestEntityTooLarge(): CognitoException {
  return new CognitoException('RequestEntityTooLargeException', 'Request entity too large', 413);
}

/** The per-user limit of an hour. */
export function attemptLimitExceeded(): CognitoException {
  return new CognitoException('LimitExceededException', 'Attempt limit exceeded, please try after some time.');
}

/** The daily limit of e-mails from Cognito's own address. */
export function emailLimitExceeded(): CognitoException {
  return new CognitoException(
    'LimitExceededException',
    'Exceeded daily email limit for the operation or the account. If a higher limit is required, ' +
      'please configure your user pool to use your own Amazon SES configuration for sending email.',
  );
}

/** A code that is not the active one. */
export function codeMismatch(): CognitoException {
  return new CognitoException('CodeMismatchException', 'Invalid verification code provided, please try again.');
}

/** A code that is too old, was used, or was never sent: Cognito does not tell these apart. */
export function expiredCode(): CognitoException {
  return new CognitoException('ExpiredCodeException', 'Invalid code provided, please request a code again.');
}

/** Cognito's text for each exception that a fault may name without a text. */
export const DEFAULT_TEXTS: Readonly<Record<string, string>> = {
  AliasExistsException: 'An account with the email already exists.',
  CodeDeliveryFailureException: 'Verification code failed to deliver successfully.',
  CodeMismatchException: codeMismatch().message,
  ExpiredCodeException: expiredCode().message,
  ForbiddenException: 'Request not allowed due to WAF block.',
  InternalErrorException: 'Internal Error',
  InvalidLambdaResponseException: 'Unrecognizable lambda output',
  InvalidEmailRoleAccessPolicyException: 'Email address is not verified.',
  InvalidSmsRoleAccessPolicyException: 'Role does not have permission to publish with SNS',
  InvalidSmsRoleTrustRelationshipException:
    'Role does not have a trust relationship allowing Cognito to assume the role',
  LimitExceededException: attemptLimitExceeded().message,
  NotAuthorizedException: 'Access Token has been revoked',
  OperationNotEnabledException: 'Operation is not enabled in this Region.',
  PasswordResetRequiredException: 'Password reset required for the user',
  ResourceNotFoundException: 'User pool does not exist.',
  TooManyRequestsException: 'Rate exceeded',
  UnexpectedLambdaException: 'CustomMessage invocation failed due to error.',
  UserLambdaValidationException: 'CustomMessage failed with error refused by the sandbox.',
  UserNotConfirmedException: 'User is not confirmed.',
  UserNotFoundException: userNotFound().message,
};

/** HTTP statuses on the wire that are not 400. */
export const DEFAULT_STATUSES: Readonly<Record<string, number>> = { InternalErrorException: 500 };
