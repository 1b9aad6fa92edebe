/** The questions of the probe: they go to standard error, and the answers are lines of standard input. */
import { createInterface, type Interface } from 'node:readline';
import type { CodeQuestion, Tester } from '../probe/setting.js';
import { counted, onTerminal, tell } from './print.js';
import { time } from './time.js';
import { InterruptedError } from './usage-error.js';

/** What the person at the terminal is asked in the course of a probe. It also hears Ctrl-C. */
export class ProbeTerminal implements Tester {
  private readonly lines: string[] = [];
  private readonly input: Interface;
  private readonly stop = new AbortController();
  private heard: (() => void) | undefined;
  private ended = false;

  /** @param goOn what to say about going on, once the person has interrupted */
  constructor(private readonly goOn: string) {
    const { stdin, stderr } = process;
    this.input = createInterface({ input: stdin, ...(stdin.isTTY && { output: stderr }) });
    this.input.on('line', (line) => {
      this.lines.push(line);
      this.heard?.();
    });
    this.input.once('close', () => {
      this.ended = true;
      this.heard?.();
    });
    this.input.on('SIGINT', this.interrupt);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, this.interrupt);
  }

  /** Aborts, with an `InterruptedError`, on Ctrl-C and on SIGTERM. */
  get interrupted(): AbortSignal {
    return this.stop.signal;
  }

  /** Gives standard input and the signals back. */
  close(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, this.interrupt);
    this.input.close();
  }

  async code({ inbox, sentAt, isBeforeNewest, again }: CodeQuestion): Promise<string> {
    const which = isBeforeNewest ? 'the e-mail before the newest' : 'the newest e-mail';
    const question = `Code in ${which} to ${INBOXES[inbox]}${sentIn(sentAt)}: `;
    if (again)
      tell('Cognito refused that code, which may be the answer. To rule out a typing error, type it once more.');
    let unusual: string | undefined;
    for (;;) {
      const code = await this.ask(question);
      if (/^\d{6}$/.test(code) || (code === unusual && /^\S{1,2048}$/.test(code))) return code;
      unusual = code;
      tell('A code has six digits. If this one has another form, type it once more.');
    }
  }

  async arrived({ inbox, count, sentAt }: Parameters<Tester['arrived']>[0]): Promise<void> {
    const these = `${counted(count, 'e-mail')} to ${INBOXES[inbox]}${sentIn(sentAt)}`;
    await this.ask(
      `Press Enter once the e-mails of before have come, ${these} among them: the next one must be the newest. `,
    );
  }

  async whereIs({ sentAt }: Pick<CodeQuestion, 'sentAt'>): Promise<'email' | 'otherEmail'> {
    for (;;) {
      const answer = await this.ask(
        `Which address has the newest e-mail${sentIn(sentAt)} come to? 1 is --email, 2 is --other-email: `,
      );
      if (answer === '1') return 'email';
      if (answer === '2') return 'otherEmail';
      tell('Type 1 or 2.');
    }
  }

  async mayText(what: string): Promise<boolean> {
    return await this.agrees(`Send one text message, which costs money, ${what}? [y/N] `);
  }

  /** Whether the answer is yes. */
  async agrees(question: string): Promise<boolean> {
    return /^y(es)?$/i.test(await this.ask(question));
  }

  /** The next line, without the spaces around it. */
  private async ask(question: string): Promise<string> {
    if (process.stdin.isTTY) {
      // What was typed before the question is no answer to it.
      this.lines.length = 0;
      this.input.setPrompt(onTerminal(question));
      this.input.prompt();
    } else tell(question.trimEnd());
    for (;;) {
      this.stop.signal.throwIfAborted();
      const line = this.lines.shift();
      if (line !== undefined) return line.trim();
      if (this.ended) this.interrupt();
      else await new Promise<void>((resolve) => (this.heard = resolve));
    }
  }

  private readonly interrupt = (): void => {
    const why = this.ended ? 'Standard input has ended.' : 'Interrupted.';
    this.stop.abort(new InterruptedError(`${why} ${this.goOn}`));
    this.heard?.();
  };
}

/** When a message was sent, as words that follow it. */
function sentIn(sentAt: number | undefined): string {
  return sentAt === undefined ? '' : `, sent ${time(new Date(sentAt).toISOString())}`;
}

const INBOXES = { email: '--email', otherEmail: '--other-email', phone: '--phone' } as const;
