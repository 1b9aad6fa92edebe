/** Whether a firewall in front of a user pool stops the workers. */
import type { FirewallManagerRuleGroup, Rule, RuleAction, WebACL } from '@aws-sdk/client-wafv2';
import { CALLS } from './calls.js';
import type { Judgement } from './each.js';
import { SOURCES } from './sources.js';
import { checkPools, type Pool } from './user-pools.js';

export const webAcl = checkPools(
  { name: 'web-acl', area: 'firewall', title: 'AWS WAF in front of a user pool', source: SOURCES.firewall },
  async (pool, { aws }) => {
    const ResourceArn = pool.settings.Arn;
    if (!ResourceArn) return { verdict: 'ok', found: 'The pool has no ARN, so no firewall either.' };
    return judgeWebAcl(pool, await aws.ask(CALLS.webAcl, { region: pool.region }, { ResourceArn }));
  },
);

/** What an SDK cannot do: it is no browser, and all users come from the addresses of the workers. */
interface Stop {
  readonly rule: string;
  readonly does: string;
}

/** @param acl undefined, or without a name, where there is none */
export function judgeWebAcl(pool: Pool, acl: WebACL | undefined): Judgement | Judgement[] {
  if (!acl?.Name) return { verdict: 'ok', found: 'There is none.' };
  const ofManager = [
    ...(acl.PreProcessFirewallManagerRuleGroups ?? []),
    ...(acl.PostProcessFirewallManagerRuleGroups ?? []),
  ];
  const stops = [...(acl.Rules ?? []).flatMap(stopsOf), ...ofManager.flatMap(stopsOfManager)];
  const consolePath = `AWS WAF > Protection packs (web ACLs) > ${acl.Name} > Rules`;
  const command = `aws wafv2 get-web-acl-for-resource --region ${pool.region} --resource-arn ${pool.settings.Arn}`;
  const judged = stops.map(
    ({ rule, does }): Judgement => ({
      verdict: 'warning',
      found: `The rule ${rule} of the web ACL ${acl.Name} ${does}.`,
      means:
        'A user’s send or code may fail: the worker’s calls to Cognito pass this firewall, and cannot answer it as a browser does. All users share the worker’s address.',
      remedy: {
        text: 'Let the rule leave out the calls of the workers: by their address, or by the header x-amzn-cognito-operation-name with GetUserAttributeVerificationCode, VerifyUserAttribute, UpdateUserAttributes and GetUser. The command shows the rules. Once you know that it lets them pass, leave this check out: --without web-acl.',
        console: consolePath,
        command,
      },
    }),
  );
  if (acl.DefaultAction?.Block) {
    judged.push({
      verdict: 'warning',
      found: `The web ACL ${acl.Name} blocks what no rule allows.`,
      means: 'No user can verify anything unless a rule allows the calls of the workers.',
      remedy: {
        text: 'See to it that a rule allows them: their address, or the operations GetUserAttributeVerificationCode, VerifyUserAttribute, UpdateUserAttributes and GetUser. Once you know that it does, leave this check out: --without web-acl.',
        console: consolePath,
        command,
      },
    });
  }
  return judged.length > 0 ? judged : { verdict: 'ok', found: `${acl.Name}: it has no rule that may stop an SDK.` };
}

function stopsOf({ Name: rule = 'without a name', Action, OverrideAction, Statement }: Rule): Stop[] {
  const asked = asksForBrowser(Action);
  if (asked) return [{ rule, does: asked }];
  if (Action?.Block && Statement?.RateBasedStatement) {
    const { Limit, EvaluationWindowSec = 300 } = Statement.RateBasedStatement;
    return [{ rule, does: `blocks an address after ${Limit} requests in ${EvaluationWindowSec} s` }];
  }
  if (Action?.Block) return [{ rule, does: 'blocks what it matches, and may stop the workers' }];
  // What a group does is not told, only what is changed about it. Some stop whatever is no browser, or comes from a cloud.
  const group = Statement?.ManagedRuleGroupStatement ?? Statement?.RuleGroupReferenceStatement;
  if (!group || OverrideAction?.Count) return [];
  const name = 'Name' in group ? group.Name : 'of your own';
  const asking = (group.RuleActionOverrides ?? []).flatMap(({ Name, ActionToUse }) => {
    const does = asksForBrowser(ActionToUse);
    return does ? [{ rule: `${rule} (${Name})`, does }] : [];
  });
  return asking.length > 0 ? asking : [{ rule, does: `runs the rule group ${name}, which may stop the workers` }];
}

/** A group that AWS Firewall Manager has put before or behind the rules. */
function stopsOfManager({ Name, OverrideAction, FirewallManagerStatement }: FirewallManagerRuleGroup): Stop[] {
  return stopsOf({
    Name,
    OverrideAction,
    Statement: FirewallManagerStatement,
    Priority: 0,
    VisibilityConfig: undefined,
  });
}

function asksForBrowser(action: RuleAction | undefined): string | undefined {
  if (action?.Captcha) return 'asks for a CAPTCHA';
  return action?.Challenge ? 'sends a challenge for a browser' : undefined;
}
