/** The log holds only the listed fields of its input, redacted. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UnknownKeyError } from '@cognito-verification/codec';
import { ApplicationFailure } from '@temporalio/common';
import type { LogMetadata } from '@temporalio/worker';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger } from '../../log/logger.js';
import type { LogLevelName } from '../../log/telemetry-config.js';
import { taskMadeAgain } from '../../workflows/interceptors/task-made-again.js';
import { SUB, TOKEN } from '../sample-token.js';

const CODE = '135790';
const WORKFLOW_ID = `verify/us-east-1_AbC123456/${SUB}/email`;

/** Logs one entry and returns its line. */
function written(meta: LogMetadata | undefined, message = 'm'): { text: string; line: Record<string, unknown> } {
  const lines: string[] = [];
  createLogger('trace', { write: (line) => void lines.push(line) }).info(message, meta);
  const [text = '', ...more] = lines;
  expect(more).toEqual([]);
  return { text, line: JSON.parse(text) };
}

/** Metadata as the SDK builds it for a failed activity, with everything that the SDK and Core ever put there. */
const PLANTED = {
  sdkComponent: 'worker',
  namespace: 'default',
  taskQueue: 'attribute-verification-cognito',
  workflowId: WORKFLOW_ID,
  workflowRunId: '01a2092c-74e2-780f-b573-2f29b5390fb1',
  workflowType: 'attributeVerification',
  trace_id: '01a2092c74e2780fb5732f29b5390fb1',
  span_id: 'ad1d45a7318a5ae5',
  activityId: '2',
  activityType: 'verifyCode',
  attempt: 1,
  isLocal: false,
  durationMs: 12,
  taskToken: 'CiQwMWEyMDkyYw==',
  base64TaskToken: 'CiQwMWEyMDkyYw==',
  task: JSON.stringify({ taskToken: 'CiQwMWEyMDkyYw==', start: { input: [CODE] } }),
  taskEncoded: 'CiQwMWEyMDkyYw==',
  start: { input: [{ data: Buffer.from(CODE) }] },
  activation: `WorkflowActivation(${CODE})`,
  jobs: [{ doUpdate: { input: [CODE] } }],
  options: { connection: { apiKey: 'secret-api-key' } },
  workflowInfo: { memo: { code: CODE } },
  completion: CODE,
  messages: CODE,
  entry: CODE,
  spanContexts: [{ task_token: 'CiQwMWEyMDkyYw==' }],
};

describe('the fields', () => {
  it('are those on the list', () => {
    const { text, line } = written(PLANTED);
    expect(line).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      message: 'm',
      sdkComponent: 'worker',
      namespace: 'default',
      taskQueue: 'attribute-verification-cognito',
      workflowId: WORKFLOW_ID,
      runId: PLANTED.workflowRunId,
      workflowType: 'attributeVerification',
      trace_id: PLANTED.trace_id,
      span_id: PLANTED.span_id,
      activityId: '2',
      activityType: 'verifyCode',
      attempt: 1,
      isLocal: false,
      durationMs: 12,
    });
    for (const secret of [CODE, 'CiQwMWEyMDkyYw', 'secret-api-key']) expect(text).not.toContain(secret);
  });

  it('hold no secret text, and ids unchanged', () => {
    const { line } = written(
      { reason: `code ${CODE}`, state: TOKEN, updateId: '20261123', workflowId: `x/${TOKEN}`, keyId: '2026' },
      `no ${CODE} for zoe@example.com`,
    );
    expect(line).toMatchObject({
      message: 'no [digits] for [email]',
      reason: 'code [digits]',
      state: '[token]',
      updateId: '20261123',
      workflowId: 'x/[token]',
      keyId: '2026',
    });
  });

  it('name the key that is missing, which people call after a month or a day', () => {
    const { message } = new UnknownKeyError('2026-11', ['2026-10-01', 'local']);
    expect(written({}, message).line['message']).toBe(message);
  });

  it('hold no character that a terminal obeys or that changes the order of a text', () => {
    const hostile = 'a\u001b[2J\u009b31m\u202Eb\u2066';
    const { text } = written({ reason: hostile, workflowId: hostile, error: new Error(hostile) }, hostile);
    expect(JSON.stringify(JSON.parse(text.trimEnd()))).not.toMatch(/[\u007F-\u009F\p{Cf}]|\\u00/u);
  });

  it('hold no objects of any kind', () => {
    const secret = { toJSON: () => '[secret]', value: CODE };
    const { text, line } = written({
      reason: secret,
      path: [CODE],
      state: () => CODE,
      status: Symbol(CODE),
      target: null,
    });
    expect(Object.keys(line).sort()).toEqual(['level', 'message', 'time']);
    expect(text).not.toContain(CODE);
  });

  it('are truncated', () => {
    const { line } = written({ reason: 'ab '.repeat(10_000) }, 'cd '.repeat(10_000));
    expect([line['reason'], line['message']].map((text) => String(text).length)).toEqual([2_001, 2_001]);
  });

  it('of the codec server are included', () => {
    const audit = { subject: 'zoe', keyId: 'one', payloads: 3, revealed: false, path: '/decode', status: 200 };
    expect(written({ ...audit, remoteAddress: '[::1]:54321', accessToken: TOKEN }).line).toMatchObject({
      ...audit,
      remoteAddress: '[::1]:54321',
    });
  });

  it('give the time of the event, not of the writing', () => {
    const at = Date.UTC(2026, 10, 23, 10);
    const meta = { [Symbol.for('log_timestamp')]: BigInt(at) * 1_000_000n };
    expect(written(meta).line['time']).toBe('2026-11-23T10:00:00.000Z');
    expect(written({ [Symbol.for('log_timestamp')]: 2n ** 200n }).line['time']).toMatch(/Z$/);
  });
});

describe('an error', () => {
  it('has its name, its type, its text and its place, and so have its causes', () => {
    const cause = ApplicationFailure.create({
      type: 'CodeMismatchException',
      message: `'${CODE}' is wrong`,
      details: [{ code: CODE }],
    });
    const error = Object.assign(new TypeError(`${TOKEN} failed`, { cause }), { code: 'ERR_X', accessToken: TOKEN });
    const { text, line } = written({ error });
    expect(line['error']).toMatchObject({
      name: 'TypeError',
      code: 'ERR_X',
      message: '[token] failed',
      stack: expect.stringContaining('logger.test'),
      cause: { name: 'ApplicationFailure', type: 'CodeMismatchException', message: "'[digits]' is wrong" },
    });
    expect(Object.keys(line['error'] as object).sort()).toEqual(['cause', 'code', 'message', 'name', 'stack']);
    for (const secret of [CODE, TOKEN.slice(0, 12)]) expect(text).not.toContain(secret);
  });

  it('may be the metadata itself, a text, or something unreadable', () => {
    expect(written(new Error(`is ${CODE}`) as unknown as LogMetadata).line['error']).toMatchObject({
      message: 'is [digits]',
    });
    expect(written({ error: `is ${CODE}` }).line['error']).toEqual({ message: 'is [digits]' });
    expect(written({ err: 42 }).line['error']).toEqual({ message: 'number, which is not an error' });
    expect(written({ error: { code: 5 } }).line['error']).toMatchObject({ code: 5 });
  });

  it('of several errors shows a few of them', () => {
    const errors = Array.from({ length: 10 }, (_, index) => new Error(`no ${index}`));
    const { line } = written({ error: new AggregateError(errors, 'all') });
    expect(line['error']).toMatchObject({ errors: [{ message: 'no 0' }, { message: 'no 1' }, { message: 'no 2' }] });
  });

  it('with an endless chain of causes is truncated', () => {
    const error = new Error('round');
    error.cause = error;
    expect(written({ error }).text.match(/"message":"round"/g)).toHaveLength(6);
  });
});

describe('whatever the input is', () => {
  it('a line is written', () => {
    const throwing = {
      get reason() {
        throw new Error(CODE);
      },
      get error() {
        return new Proxy(
          {},
          {
            get: () => {
              throw new Error(CODE);
            },
          },
        );
      },
      attempt: 10n,
      durationMs: Number.NaN,
    };
    const { line, text } = written(throwing);
    expect(line).toMatchObject({ attempt: '10', error: { message: 'an object, which is not an error' } });
    expect(text).not.toContain(CODE);
    const circular: LogMetadata = { attempt: 1 };
    circular['reason'] = circular;
    expect(written(circular).line).toMatchObject({ attempt: 1, message: 'm' });
    expect(written(undefined).line).toMatchObject({ message: 'm' });
  });

  it('no other field appears, and no code', () => {
    const meta = fc.dictionary(fc.oneof(fc.string(), fc.constantFrom(...Object.keys(PLANTED), 'error')), fc.anything());
    const known = new Set([...Object.keys(PLANTED).slice(0, 13), 'level', 'time', 'message', 'error', 'runId']);
    fc.assert(
      fc.property(meta, (entry) => {
        const { line } = written({ ...entry, extra: CODE });
        expect(Object.keys(line).filter((name) => !known.has(name))).toEqual([]);
      }),
    );
  });
});

it.each<[LogLevelName, number]>([
  ['trace', 5],
  ['debug', 4],
  ['info', 3],
  ['warn', 2],
  ['error', 1],
])('at level %s, %i levels are written', (level, count) => {
  const lines: string[] = [];
  const logger = createLogger(level, { write: (line) => void lines.push(line) });
  for (const at of ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const) logger.log(at, 'm');
  expect(lines).toHaveLength(count);
  for (const at of ['trace', 'debug', 'info', 'warn', 'error'] as const) logger[at]('m');
  expect(lines).toHaveLength(2 * count);
});

it('does not warn that a worker has one duty', () => {
  expect(() => written({}, 'No activities registered, not polling for activity tasks')).toThrow();
});

it('tells of a task that is made again at the debug level only', () => {
  const lines: string[] = [];
  const error = taskMadeAgain('one is due.');
  for (const least of ['info', 'debug'] as const)
    createLogger(least, { write: (line) => void lines.push(line) }).error('Failed to process', { error });
  expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['debug']);
});

it('does not load the native worker', async () => {
  const script = `
    const { createLogger } = await import(${JSON.stringify(new URL('../../dist/log/logger.js', import.meta.url).href)});
    createLogger('info').info('m');
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(import.meta.url).cache).filter((path) => /core-bridge|@temporalio.worker|\\.node$/.test(path));
    console.log(JSON.stringify(loaded));`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('../..', import.meta.url),
  });
  expect(JSON.parse(stdout)).toEqual([]);
  expect(JSON.parse(stderr)).toMatchObject({ level: 'info', message: 'm' });
});
