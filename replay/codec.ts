import { type KeyRing } from '@cognito-verification/codec';
import { type ReportUnopened, workerDataConverter } from '@cognito-verification/codec/worker-data-converter';
import type { DataConverter, Payload, PayloadCodec, SerializationContext } from '@temporalio/common';

/** Why a payload was not opened. */
export type Unopened = Parameters<ReportUnopened>[0];

/**
 * Opens payloads as a worker does, and notes which payloads of the current history were not opened. Nothing is sealed, because
 * what the replayed code sends goes nowhere. But only what it sends says why a task failed, so its last failure is kept.
 */
export class ReplayCodec implements PayloadCodec {
  readonly dataConverter: DataConverter;
  private readonly opening: PayloadCodec;
  private refused: Unopened[] = [];
  private failure: string | undefined;

  constructor(keys: KeyRing) {
    const { payloadCodecs = [], ...paths } = workerDataConverter(keys, (error) => this.refused.push(error));
    const [opening] = payloadCodecs;
    if (!opening) throw new Error('the data converter of a worker has no codec');
    this.opening = opening;
    this.dataConverter = { ...paths, payloadCodecs: [this] };
  }

  /** Forgets what it noted. Call it before each history. */
  begin(): void {
    this.refused = [];
    this.failure = undefined;
  }

  /** Why payloads of this history were not opened, in their order. */
  get unopened(): readonly Unopened[] {
    return this.refused;
  }

  /** The message of the last failure that the replayed code made in this history. */
  get lastFailure(): string | undefined {
    return this.failure;
  }

  async decode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    return await this.opening.decode(payloads, place);
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    for (const payload of payloads) this.failure = failureMessage(payload) ?? this.failure;
    return Promise.resolve(payloads);
  }
}

/** The message in the encoded attributes of a failure, or undefined where the payload is something else. */
function failureMessage({ data }: Payload): string | undefined {
  const text = Buffer.from(data ?? new Uint8Array()).toString();
  if (!text.includes('"stack_trace"')) return undefined;
  try {
    const { message }: { message?: unknown } = JSON.parse(text);
    return typeof message === 'string' ? message : undefined;
  } catch {
    return undefined;
  }
}
