import { afterEach, expect, it } from 'vitest';
import { type CognitoClients, createCognitoClients } from '../../activities/cognito-clients.js';

let clients: CognitoClients;
afterEach(() => clients.destroy());

it('each region has one client, shared by all its pools', async () => {
  clients = createCognitoClients();
  const client = clients.forUserPool('eu-west-1_one');
  expect(clients.forUserPool('eu-west-1_two')).toBe(client);
  expect(await client.config.region()).toBe('eu-west-1');
  expect(clients.forUserPool('eu-west-2_one')).not.toBe(client);
});

it('ids with made-up regions do not accumulate clients, and the client in use stays', () => {
  clients = createCognitoClients();
  const [client, rare] = [clients.forUserPool('eu-west-1_one'), clients.forUserPool('eu-west-2_one')];
  for (let index = 0; index < 60; index++) {
    clients.forUserPool(`xx-madeup-${index}_one`);
    expect(clients.forUserPool('eu-west-1_one')).toBe(client);
  }
  expect(clients.forUserPool('eu-west-2_one')).not.toBe(rare);
});

it.each([
  ['us-east-1_AbC123xyz', 'cognito-idp.us-east-1.amazonaws.com'],
  ['ap-southeast-7_AbC123xyz', 'cognito-idp.ap-southeast-7.amazonaws.com'],
  ['mx-central-1_AbC123xyz', 'cognito-idp.mx-central-1.amazonaws.com'],
  ['cn-northwest-1_AbC123xyz', 'cognito-idp.cn-northwest-1.amazonaws.com.cn'],
  ['us-gov-west-1_AbC123xyz', 'cognito-idp.us-gov-west-1.amazonaws.com'],
  ['eusc-de-east-1_AbC123xyz', 'cognito-idp.eusc-de-east-1.amazonaws.eu'],
  ['us-iso-east-1_AbC123xyz', 'cognito-idp.us-iso-east-1.c2s.ic.gov'],
  ['us-isob-east-1_AbC123xyz', 'cognito-idp.us-isob-east-1.sc2s.sgov.gov'],
  ['eu-isoe-west-1_AbC123xyz', 'cognito-idp.eu-isoe-west-1.cloud.adc-e.uk'],
  ['us-isof-south-1_AbC123xyz', 'cognito-idp.us-isof-south-1.csp.hci.ic.gov'],
])('the pool %s is called at %s', async (userPoolId, host) => {
  clients = createCognitoClients();
  const { config } = clients.forUserPool(userPoolId);
  const endpoint = config.endpointProvider({ Region: await config.region(), UseFIPS: false, UseDualStack: false });
  expect(endpoint.url.host).toBe(host);
});

it.each(['local_AbC123xyz', 'x_y', `${'a-'.repeat(2_000)}1_x`, 'evil.example/-1_x'])(
  'the pool %s names no region, so the setting decides',
  async (userPoolId) => {
    clients = createCognitoClients({ region: 'eu-west-3' });
    expect(await clients.forUserPool(userPoolId).config.region()).toBe('eu-west-3');
  },
);
