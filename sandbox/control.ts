import type { Context } from 'hono';
import * as v from 'valibot';
import { AccountChanges } from './account/account.js';
import { NewUser, NewUserPool, TokenRequest } from './accounts.js';
import type { Cognito } from './cognito.js';
import { CognitoException } from './exceptions.js';
import { Fault } from './fault.js';
import type { Faults } from './faults.js';
import { describeClient, describePool } from './operations/pools.js';
import { page } from './page.js';
import { UserPoolChanges, UserPoolClientChanges } from './pool-changes.js';
import type { Sandbox } from './sandbox.js';
import { BadInput, checkInput, Duration, fields, JsonObject } from './schema.js';
import type { App } from './server.js';
import { SwitchChanges } from './switches.js';

const ClockChange = fields({ advance: Duration });

const CustomMessageChange = fields({
  /** `null` ends the trigger. */
  url: v.nullable(
    v.pipe(
      v.string(),
      v.url(),
      v.regex(/^https?:/, ({ received }) => `Invalid URL: Expected http or https, or null, but received ${received}`),
    ),
  ),
});

async function readBody<const Schema extends v.GenericSchema>(
  context: Context,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  const json = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new BadInput('body must be JSON');
  }
  // First of all an object: to valibot an array is one.
  return checkInput(schema, checkInput(JsonObject, value, 'body'), 'body');
}

/** Serves the methods of `Sandbox` over HTTP, under `/_sandbox/`. Bad input gets 400 and a message. */
export function addControl(app: App, running: () => Sandbox, parts: { cognito: Cognito; faults: Faults }): void {
  app.onError((error, context) => {
    const expected = error instanceof BadInput || error instanceof CognitoException;
    return context.json(
      { message: expected ? error.message : `Defect in the Cognito sandbox: ${error.message}` },
      expected ? 400 : 500,
    );
  });
  app.notFound((context) =>
    context.json({ message: `Nothing at ${context.req.method} ${context.req.path}; see /_sandbox/` }, 404),
  );
  app.get('/', (context) => context.redirect('/_sandbox/'));
  app.get('/_sandbox', (context) => context.redirect('/_sandbox/'));
  addMessages(app, running, parts);
  addBehaviour(app, running, parts);
  addAccounts(app, running, parts.cognito);
}

function addMessages(
  app: App,
  running: () => Sandbox,
  { cognito, faults }: { cognito: Cognito; faults: Faults },
): void {
  app.get('/_sandbox/', (context) =>
    context.html(
      page({
        messages: cognito.inbox.messages(),
        faults: faults.list(),
        now: running().now(),
        offsetMs: cognito.clock.offsetMs,
      }),
    ),
  );
  app.get('/_sandbox/health', (context) => context.json({ status: 'ok' }));
  app.get('/_sandbox/inbox', (context) =>
    context.json(
      cognito.inbox.messages({ username: context.req.query('username'), userPoolId: context.req.query('userPoolId') }),
    ),
  );
  app.delete('/_sandbox/inbox', (context) => {
    running().clearInbox();
    return context.body(null, 204);
  });
  app.get('/_sandbox/calls', (context) =>
    context.json(
      running().calls({ operation: context.req.query('operation'), username: context.req.query('username') }),
    ),
  );
  app.delete('/_sandbox/calls', (context) => {
    running().clearCalls();
    return context.body(null, 204);
  });
}

function addBehaviour(
  app: App,
  running: () => Sandbox,
  { cognito, faults }: { cognito: Cognito; faults: Faults },
): void {
  app.get('/_sandbox/faults', (context) => context.json(faults.list()));
  app.post('/_sandbox/faults', async (context) =>
    context.json({ id: faults.set(await readBody(context, Fault)) }, 201),
  );
  app.delete('/_sandbox/faults', (context) => {
    faults.clear();
    return context.body(null, 204);
  });
  app.delete('/_sandbox/faults/:id', (context) =>
    faults.clear(context.req.param('id')) ? context.body(null, 204) : context.json({ message: 'No such fault' }, 404),
  );

  const time = (): object => ({ now: running().now().toISOString(), offsetMs: cognito.clock.offsetMs });
  app.get('/_sandbox/clock', (context) => context.json(time()));
  app.post('/_sandbox/clock', async (context) => {
    const { advance } = await readBody(context, ClockChange);
    running().advanceClock(advance);
    return context.json(time());
  });

  app.get('/_sandbox/switches', (context) => context.json(running().switches()));
  app.patch('/_sandbox/switches', async (context) => {
    running().setSwitches(await readBody(context, SwitchChanges));
    return context.json(running().switches());
  });

  app.get('/_sandbox/account', (context) => context.json(running().account(context.req.query('region'))));
  app.delete('/_sandbox/account', (context) => {
    running().resetAccount();
    return context.body(null, 204);
  });
  app.patch('/_sandbox/account', async (context) => {
    const region = context.req.query('region');
    running().setAccount(await readBody(context, AccountChanges), region);
    return context.json(running().account(region));
  });

  app.post('/_sandbox/custom-message', async (context) => {
    const { url } = await readBody(context, CustomMessageChange);
    running().setCustomMessage(url ?? undefined);
    return context.json({ url });
  });
}

function addAccounts(app: App, running: () => Sandbox, cognito: Cognito): void {
  app.post('/_sandbox/user-pools', async (context) =>
    context.json(await running().createUserPool(await readBody(context, NewUserPool)), 201),
  );
  app.patch('/_sandbox/user-pools/:id', async (context) => {
    const id = context.req.param('id');
    running().setUserPool(id, await readBody(context, UserPoolChanges));
    return context.json(describePool(cognito.pool(id)));
  });
  app.patch('/_sandbox/user-pools/:id/clients/:clientId', async (context) => {
    const { id, clientId } = context.req.param();
    running().setUserPoolClient(id, clientId, await readBody(context, UserPoolClientChanges));
    return context.json(describeClient(cognito.pool(id), cognito.clientOf(id, clientId)));
  });
  app.post('/_sandbox/users', async (context) =>
    context.json(await running().createUser(await readBody(context, NewUser)), 201),
  );
  app.post('/_sandbox/tokens', async (context) => {
    const { userPoolId, username, ...options } = await readBody(context, TokenRequest);
    return context.json({ accessToken: await running().issueAccessToken({ userPoolId, username }, options) }, 201);
  });
}
