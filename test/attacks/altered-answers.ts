/** Stands between a worker and the sandbox, and alters what the sandbox answers, in Cognito's own form. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { Sandbox } from '../../sandbox/index.js';
import { collect } from '../rig.js';

export interface Attribute {
  Name: string;
  Value: string;
}

export class AlteredAnswers {
  /** Changes the attributes in the answers to `GetUser`. Default: none. */
  attributes: ((attributes: Attribute[]) => Attribute[]) | undefined;
  /** Answers `VerifyUserAttribute` like Cognito's success, and does nothing. */
  acceptsWithoutEffect = false;
  /** Where requests go on to. */
  sandbox: Sandbox | undefined;

  readonly server = createServer((request, response) => {
    this.answer(request).then(
      ({ status, headers, body }) => response.writeHead(status, headers).end(body),
      // The sandbox has cut the connection.
      () => response.destroy(),
    );
  });

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async answer(request: IncomingMessage) {
    const body = Buffer.concat(await collect<Buffer>(request));
    const target = String(request.headers['x-amz-target']);
    const form = { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': crypto.randomUUID() };
    if (this.acceptsWithoutEffect && target.endsWith('.VerifyUserAttribute'))
      return { status: 200, headers: form, body: '{}' };
    const answer = await fetch(this.sandbox?.url ?? '', {
      method: 'POST',
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
      body,
    });
    const text = await answer.text();
    const headers = { ...form, 'x-amzn-errortype': answer.headers.get('x-amzn-errortype') ?? '' };
    if (!this.attributes || !answer.ok || !target.endsWith('.GetUser'))
      return { status: answer.status, headers, body: text };
    const user = JSON.parse(text) as { UserAttributes: Attribute[] };
    const altered = { ...user, UserAttributes: this.attributes(user.UserAttributes) };
    return { status: 200, headers, body: JSON.stringify(altered) };
  }
}

/** For a whole test file. Each test begins with unaltered answers. To be called before the rig is. */
export function useAlteredAnswers(): AlteredAnswers {
  const between = new AlteredAnswers();
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      between.server.listen(0, '127.0.0.1', resolve);
    });
  });
  afterEach(() => {
    between.attributes = undefined;
    between.acceptsWithoutEffect = false;
  });
  afterAll(() => {
    between.server.closeAllConnections();
    between.server.close();
  });
  return between;
}
