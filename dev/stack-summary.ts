/** What a person wants to read when a stack is up: where everything is, and what to try next. */
import { nextCommands } from './stack-environment.js';
import type { StackInfo } from './stack-folder.js';

/** The text, with a title of the caller's. */
export function describeStack(info: StackInfo, title: string): string {
  const rows: [name: string, value: string | undefined][] = [
    ['Web UI', info.webUi],
    ['Verification', info.workflowUrl ?? info.workflowId],
    ['Inbox', info.inbox],
    ['Temporal', `${info.temporal}, namespace ${info.namespace}, task queue ${info.taskQueue}`],
    ['Codec server', info.codecServer],
    ['Cognito', describeCognito(info)],
    ['User', info.username && `${info.username} in pool ${info.userPoolId}`],
    ['State', info.stateDir],
  ];
  return [
    '',
    title,
    '',
    ...rows.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(13)} ${value}`])),
    '',
    'To try next, in another terminal:',
    '',
    ...nextCommands(info).map((command) => `  ${command}`),
  ].join('\n');
}

function describeCognito({ cognito, sandbox }: StackInfo): string {
  if (cognito === undefined) return 'Amazon Cognito, by your AWS settings';
  return sandbox === undefined ? cognito : `${cognito} (sandbox)`;
}
