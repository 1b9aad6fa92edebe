/** All messages of each person: the sandbox keeps only its newest messages, and a long run has more. */
import type { Message, Sandbox, SandboxUser } from '../../sandbox/index.js';

const COLLECT_EVERY_MS = 250;

export class Inboxes {
  /** By user name, oldest first. */
  readonly byUser = new Map<string, Message[]>();
  private readonly seen = new Set<string>();
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly sandbox: Sandbox) {
    this.timer = setInterval(() => this.collect(), COLLECT_EVERY_MS);
  }

  codes({ username }: SandboxUser): string[] {
    return (this.byUser.get(username) ?? []).map(({ code }) => code);
  }

  stop(): void {
    clearInterval(this.timer);
    this.collect();
  }

  private collect(): void {
    for (const message of this.sandbox.inbox()) {
      if (this.seen.has(message.id)) continue;
      this.seen.add(message.id);
      const messages = this.byUser.get(message.username) ?? [];
      this.byUser.set(message.username, messages);
      messages.push(message);
    }
  }
}
