import type { Context } from 'hono';
import { checkNewUser, checkTokenRequest } from './accounts.js';
import { BadInput, type Check, duration, object, text } from './checks.js';
import type { Cognito } from './cognito.js';
import { CognitoException } from './exceptions.js';
import { checkFault } from './fault.js';
import type { Faults } from './faults.js';
import { page } from './page.js';
import type { Sandbox } from './sandbox.js';
import type { App } from './server.js';
import { checkSwitches } from './switches.js';

const checkClock = object<{ advance: number }>({ advance: duration() }, ['advance']);

const checkUrl: Check<string | null> = (value, field) => {
  if (value === null) return null;
  const url = text()(value, field);
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new BadInput(`${field} must be an http(s) URL, or null to end it, got ${JSON.stringify(url)}`);
  }
  return url;
};

const checkCustomMessage = object<{ url: string | null }>({ url: checkUrl }, ['url']);

async function body<T>(context: Context, check: Check<T>): Promise<T> {
  const json = await context.req.text();
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new BadInput('body must be JSON');
  }
  return check(value, 'body');
}

/** What the sandbox can do in process, over HTTP under `/_sandbox/`; bad input gets 400 and a sentence. */
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
  addAccounts(app, running);
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
    context.json({ id: faults.set(await body(context, checkFault)) }, 201),
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
    const { advance } = await body(context, checkClock);
    running().advanceClock(advance);
    return context.json(time());
  });

  app.get('/_sandbox/switches', (context) => context.json(running().switches()));
  app.patch('/_sandbox/switches', async (context) => {
    running().setSwitches(await body(context, checkSwitches));
    return context.json(running().switches());
  });

  app.post('/_sandbox/custom-message', async (context) => {
    const { url } = await body(context, checkCustomMessage);
    running().setCustomMessage(url ?? undefined);
    return context.json({ url });
  });
}

function addAccounts(app: App, running: () => Sandbox): void {
  app.post('/_sandbox/users', async (context) =>
    context.json(await running().createUser(await body(context, checkNewUser)), 201),
  );
  app.post('/_sandbox/tokens', async (context) => {
    const { userPoolId, username, ...options } = await body(context, checkTokenRequest);
    return context.json({ accessToken: await running().issueAccessToken({ userPoolId, username }, options) }, 201);
  });
}
