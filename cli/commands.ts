import type { Command } from 'commander';

/** One command: its name, its line in the list of commands, and how to load it. */
export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<Command>;
}

/** Every command, in the order in which people need them. Only the command in use is loaded. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'up',
    summary: 'run the whole local stack: Temporal, Cognito sandbox, worker',
    load: async () => (await import('./up.js')).upCommand(),
  },
  {
    name: 'start',
    summary: 'start a verification: Cognito sends the code',
    load: async () => (await import('./start.js')).startCommand(),
  },
  {
    name: 'submit',
    summary: 'submit the code that the user received',
    load: async () => (await import('./submit.js')).submitCommand(),
  },
  {
    name: 'status',
    summary: 'show where a verification stands',
    load: async () => (await import('./status.js')).statusCommand(),
  },
  {
    name: 'wait',
    summary: 'wait for the outcome of a verification',
    load: async () => (await import('./wait.js')).waitCommand(),
  },
  {
    name: 'resend',
    summary: 'send another code',
    load: async () => (await import('./resend.js')).resendCommand(),
  },
  {
    name: 'confirm',
    summary: 'say that Cognito has accepted the code already',
    load: async () => (await import('./confirm.js')).confirmCommand(),
  },
  {
    name: 'renew-token',
    summary: 'bring a fresh access token',
    load: async () => (await import('./renew-token.js')).renewTokenCommand(),
  },
  {
    name: 'cancel',
    summary: 'end a verification early',
    load: async () => (await import('./cancel.js')).cancelCommand(),
  },
  {
    name: 'list',
    summary: 'list verifications, open and ended',
    load: async () => (await import('./list.js')).listCommand(),
  },
  {
    name: 'worker',
    summary: 'run a worker',
    load: async () => (await import('./worker.js')).workerCommand(),
  },
  {
    name: 'setup',
    summary: 'prepare a Temporal namespace; may be repeated',
    load: async () => (await import('./setup.js')).setupCommand(),
  },
  {
    name: 'doctor',
    summary: 'ask everything that a verification needs, and say what is wrong',
    load: async () => (await import('./doctor.js')).doctorCommand(),
  },
  {
    name: 'limits',
    summary: 'show and set how many calls to Cognito the server lets through',
    load: async () => (await import('./limits.js')).limitsCommand(),
  },
  {
    name: 'replay',
    summary: 'replay verifications on a build before it is deployed',
    load: async () => (await import('./replay/replay.js')).replayCommand(),
  },
  {
    name: 'deploy',
    summary: 'show the versions of the workers, and move new verifications to one',
    load: async () => (await import('./deploy/deploy.js')).deployCommand(),
  },
  {
    name: 'capacity',
    summary: 'say what a number of verifications in a day needs',
    load: async () => await (await import('./capacity.js')).capacityCommand(),
  },
  {
    name: 'codec-server',
    summary: 'show the Web UI what is sealed, without the secrets',
    load: async () => (await import('./codec-server.js')).codecServerCommand(),
  },
  {
    name: 'probe',
    summary: 'compare a real user pool with what the sandbox assumes',
    load: async () => (await import('./probe.js')).probeCommand(),
  },
  {
    name: 'sandbox',
    summary: 'run a local Cognito endpoint for development and tests',
    load: async () => (await import('./sandbox.js')).sandboxCommand(),
  },
];
