/** A worker in a process of its own that will be killed: a recording forks it with server, task queue, sandbox and user pool. */
import { NativeConnection } from '@temporalio/worker';
import { createCognitoClients } from '../../activities/cognito-clients.js';
import { createWorker } from '../../worker/worker.js';
import { IDENTITY, publicTestKeyRing } from './rig.js';

const [address = '', taskQueue = '', endpoint = '', userPoolId = ''] = process.argv.slice(2);
const worker = await createWorker({
  connection: await NativeConnection.connect({ address }),
  namespace: 'default',
  keys: publicTestKeyRing(),
  userPools: [{ userPoolId }],
  cognito: createCognitoClients({ endpoint }),
  taskQueue,
  identity: IDENTITY,
});
process.send?.('polls');
await worker.run();
