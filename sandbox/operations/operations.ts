import { ACCOUNT_ID, type Service } from '../account/service.js';
import { COGNITO_WIRE } from '../wire/json.js';
import * as adminUsers from './admin-users.js';
import * as authentication from './authentication.js';
import type { Operation } from './operation.js';
import * as ownAccount from './own-account.js';
import * as poolUpdates from './pool-updates.js';
import * as pools from './pools.js';
import * as signUps from './sign-up.js';
import * as tokens from './tokens.js';
import * as verification from './verification.js';

/** Cognito's operations by their names. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  AdminConfirmSignUp: signUps.adminConfirmSignUp,
  AdminCreateUser: adminUsers.adminCreateUser,
  AdminDeleteUser: adminUsers.adminDeleteUser,
  AdminDisableUser: adminUsers.adminDisableUser,
  AdminEnableUser: adminUsers.adminEnableUser,
  AdminGetUser: adminUsers.adminGetUser,
  AdminInitiateAuth: authentication.adminInitiateAuth,
  AdminResetUserPassword: adminUsers.adminResetUserPassword,
  AdminRespondToAuthChallenge: authentication.adminRespondToAuthChallenge,
  AdminSetUserPassword: adminUsers.adminSetUserPassword,
  AdminUpdateUserAttributes: adminUsers.adminUpdateUserAttributes,
  AdminUserGlobalSignOut: adminUsers.adminUserGlobalSignOut,
  ConfirmSignUp: signUps.confirmSignUp,
  CreateUserPool: pools.createUserPool,
  CreateUserPoolClient: pools.createUserPoolClient,
  DescribeUserPool: pools.describeUserPool,
  DescribeUserPoolClient: pools.describeUserPoolClient,
  GetProvisionedLimit: pools.getProvisionedLimit,
  GetTokensFromRefreshToken: tokens.getTokensFromRefreshToken,
  GetUser: ownAccount.getUser,
  GetUserAttributeVerificationCode: verification.getUserAttributeVerificationCode,
  GlobalSignOut: ownAccount.globalSignOut,
  InitiateAuth: authentication.initiateAuth,
  ListUserPoolClients: poolUpdates.listUserPoolClients,
  ListUserPools: poolUpdates.listUserPools,
  ResendConfirmationCode: signUps.resendConfirmationCode,
  RespondToAuthChallenge: authentication.respondToAuthChallenge,
  RevokeToken: tokens.revokeToken,
  SignUp: signUps.signUp,
  UpdateUserAttributes: ownAccount.updateUserAttributes,
  UpdateUserPool: poolUpdates.updateUserPool,
  UpdateUserPoolClient: poolUpdates.updateUserPoolClient,
  VerifyUserAttribute: verification.verifyUserAttribute,
};

/** Those that AWS answers to who may do them. The others are for everybody, or for who has a token. */
const FOR_OWNERS = /^(?:Admin|Create|Describe|GetProvisionedLimit|List|UpdateUserPool)/;

/** Amazon Cognito user pools. Here anybody may call its operations, unless the account denies them. */
export const COGNITO_IDP: Service = {
  name: 'cognito-idp',
  wire: COGNITO_WIRE,
  operations: OPERATIONS,
  invalidInput: 'InvalidParameterException',
  takesUnsigned: true,
  needsPermission: (operation) => FOR_OWNERS.test(operation),
  resourceOf: ({ UserPoolId }, region) =>
    typeof UserPoolId === 'string' ? `arn:aws:cognito-idp:${region}:${ACCOUNT_ID}:userpool/${UserPoolId}` : '*',
};
