/** For tests that send messages with Temporal's own client: stamps them, as a service without our client has to. */
import { randomUUID } from 'node:crypto';
import { isRecord, type MessageKind, type Stamp, WORKFLOW_TYPE } from '@cognito-verification/contract';
import type { WorkflowClientInterceptor } from '@temporalio/client';

/** A stamp of now. */
export function stampOf(kind: MessageKind, fields: Partial<Stamp> = {}): Stamp {
  return { kind, at: new Date().toISOString(), ...fields };
}

/**
 * Puts a stamp into each message that is an object and has none.
 * @param now the time of the server, in milliseconds since the epoch
 */
export function stamping(now: () => number = Date.now): WorkflowClientInterceptor {
  const stamped = (kind: string, args: unknown[], fields: Partial<Stamp> = {}): unknown[] => {
    const [message, ...rest] = args;
    if (!isRecord(message) || 'stamp' in message) return args;
    const at = new Date(now()).toISOString();
    return [{ ...message, stamp: { ...stampOf(kind as MessageKind, fields), at } }, ...rest];
  };
  const updateOf = <Input extends { updateName: string; options?: { updateId?: string }; args: unknown[] }>(
    input: Input,
  ): Input => {
    const updateId = input.options?.updateId ?? randomUUID();
    const args = stamped(input.updateName, input.args, { id: updateId });
    return { ...input, args, options: { ...input.options, updateId } };
  };
  const started = <Options extends { args: unknown[] }>(type: string, options: Options): Options =>
    type === WORKFLOW_TYPE ? { ...options, args: stamped(type, options.args) } : options;
  return {
    startWithDetails: (input, next) => next({ ...input, options: started(input.workflowType, input.options) }),
    signalWithStart: (input, next) =>
      next({
        ...input,
        options: started(input.workflowType, input.options),
        signalArgs: stamped(input.signalName, input.signalArgs),
      }),
    startUpdate: (input, next) => next(updateOf(input)),
    startUpdateWithStart: (input, next) => {
      const { args, options } = updateOf({
        updateName: input.updateName,
        options: input.updateOptions,
        args: input.updateArgs,
      });
      return next({
        ...input,
        workflowStartOptions: started(input.workflowType, input.workflowStartOptions),
        updateArgs: args,
        updateOptions: options,
      });
    },
    signal: (input, next) => next({ ...input, args: stamped(input.signalName, input.args) }),
    query: (input, next) => next({ ...input, args: stamped(input.queryType, input.args, { nonce: randomUUID() }) }),
  };
}
