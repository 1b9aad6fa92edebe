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
