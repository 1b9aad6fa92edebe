import * as adminUsers from './admin-users.js';
import * as authentication from './authentication.js';
import type { Operation } from './operation.js';
import * as ownAccount from './own-account.js';
import * as pools from './pools.js';
import * as signUps from './sign-up.js';
import * as tokens from './tokens.js';
import * as verification from './verification.js';

/** Every operation that the sandbox has, by its name in Cognito's protocol. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
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
  GetTokensFromRefreshToken: tokens.getTokensFromRefreshToken,
  GetUser: ownAccount.getUser,
  GetUserAttributeVerificationCode: verification.getUserAttributeVerificationCode,
  GlobalSignOut: ownAccount.globalSignOut,
  InitiateAuth: authentication.initiateAuth,
  ResendConfirmationCode: signUps.resendConfirmationCode,
  RespondToAuthChallenge: authentication.respondToAuthChallenge,
  RevokeToken: tokens.revokeToken,
  SignUp: signUps.signUp,
  UpdateUserAttributes: ownAccount.updateUserAttributes,
  VerifyUserAttribute: verification.verifyUserAttribute,
};
