import * as v from 'valibot';
import { AwsException } from '../exceptions.js';
import { checkInput, Text } from '../schema.js';
import { jsonWire } from '../wire/json.js';
import { ACCOUNT_ID, type Service } from './service.js';

const Resource = v.object({ ResourceArn: Text });

function nonexistent(): AwsException {
  const text = 'AWS WAF couldn’t perform the operation because your resource doesn’t exist.';
  return new AwsException('WAFNonexistentItemException', text, 400);
}

/** AWS WAF, with the web ACLs of user pools. */
export const WAFV2: Service = {
  name: 'wafv2',
  wire: jsonWire('1.1'),
  operations: {
    GetWebACLForResource: ({ account, state }, input, { region }) => {
      const { ResourceArn } = checkInput(Resource, input, 'request');
      const { webAcls, withoutWebAcl } = account.in(region).wafv2;
      const poolId = ResourceArn.slice(ResourceArn.lastIndexOf('/') + 1);
      if (!Object.hasOwn(state.pools, poolId)) throw nonexistent();
      const found = webAcls.find(({ userPoolId }) => userPoolId === poolId);
      if (found === undefined && withoutWebAcl === 'exception') throw nonexistent();
      if (found === undefined) return {};
      const { userPoolId: _userPoolId, ...webAcl } = found;
      const id = '00000000-0000-4000-8000-000000000000';
      return {
        WebACL: {
          ...webAcl,
          Id: id,
          ARN: `arn:aws:wafv2:${region}:${ACCOUNT_ID}:regional/webacl/${webAcl.Name}/${id}`,
          VisibilityConfig: { SampledRequestsEnabled: true, CloudWatchMetricsEnabled: true, MetricName: webAcl.Name },
          Capacity: 1,
          LabelNamespace: `awswaf:${ACCOUNT_ID}:webacl:${webAcl.Name}:`,
        },
      };
    },
  },
  invalidInput: 'WAFInvalidParameterException',
  actionsOf: () => ['wafv2:GetWebACLForResource', 'wafv2:GetWebACL', 'cognito-idp:GetWebACLForResource'],
  resourceOf: (_input, region) => `arn:aws:wafv2:${region}:${ACCOUNT_ID}:regional/webacl/*`,
};
