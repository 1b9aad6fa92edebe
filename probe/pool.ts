/** The pool before anything is asked: its settings, and whether the tester's addresses are free in it. */
import { AdminGetUserCommand, DescribeUserPoolCommand } from '@aws-sdk/client-cognito-identity-provider';
import type { CognitoCalls } from './cognito-calls.js';
import { ProbeError } from './probe-error.js';
import type { Addresses, PoolFacts } from './setting.js';
import type { State } from './state.js';
import { USER_PREFIX } from './test-user.js';

/**
 * Makes sure that no user but those of the run has an address, which would spoil the answers. Where users sign in by their
 * e-mail, Cognito finds a user by it.
 */
export async function checkAddressesFree(calls: CognitoCalls, addresses: Addresses, state: State): Promise<void> {
  const own = new Set(state.users.map(({ name }) => name));
  for (const [option, Username] of [
    ['--email', addresses.email],
    ['--other-email', addresses.otherEmail],
  ] as const) {
    const { answer, output } = await calls.make('AdminGetUser', () =>
      calls.client.send(new AdminGetUserCommand({ UserPoolId: calls.userPoolId, Username })),
    );
    if (answer === 'UserNotFoundException' || own.has(output?.Username ?? '')) continue;
    throw new ProbeError(
      'Configuration',
      output === undefined
        ? `Cognito refused AdminGetUser for the address of ${option}: ${answer}. Give another one.`
        : `Another user of this pool has the address of ${option}, which would spoil the answers. Give an address that no user of the pool has, or delete that user${output.Username?.startsWith(USER_PREFIX) ? `, which an earlier probe has left: ${output.Username}` : ''}.`,
    );
  }
}

/** What the probe needs to know of the pool. @throws ProbeError if its users are named by their address */
export async function poolFacts(calls: CognitoCalls): Promise<PoolFacts> {
  const { UserPool: pool } = await calls.require(
    'DescribeUserPool',
    () => calls.client.send(new DescribeUserPoolCommand({ UserPoolId: calls.userPoolId })),
    { ResourceNotFoundException: 'Check --user-pool and the account of the AWS credentials.' },
  );
  if ((pool?.UsernameAttributes ?? []).length > 0) {
    throw new ProbeError(
      'Configuration',
      'Users of this pool are named by their address, and the probe gives its test users names of its own. Take a test pool as docs/probe.md makes one.',
    );
  }
  return {
    keepsOriginal: (pool?.UserAttributeUpdateSettings?.AttributesRequireVerificationBeforeUpdate ?? []).includes(
      'email',
    ),
    emailIsAlias: (pool?.AliasAttributes ?? []).includes('email'),
    verifiesEmail: (pool?.AutoVerifiedAttributes ?? []).includes('email'),
    sendsSms: pool?.SmsConfiguration !== undefined,
  };
}
