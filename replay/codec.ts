import { type KeyRing, type ReportUnopened, workerDataConverter } from '@cognito-verification/codec';
import type { DataConverter, Payload, PayloadCodec, SerializationContext } from '@temporalio/common';

/** Why a payload was not opened. */
export type Unopened = Parameters<ReportUnopened>[0];

/**
 * Opens payloads as a worker does, and notes what becomes of those of one history at a time. What the replayed code would
 * send goes nowhere, so nothing is sealed; but only there does it say why its task has failed.
 */
export class ReplayCodec implements PayloadCodec {
  readonly dataConverter: DataConverter;
  private readonly opening: PayloadCodec;
  private noted: Unopened[] = [];
  private said: string | undefined;

  constructor(keys: KeyRing) {
    const { payloadCodecs = [], ...paths } = workerDataConverter(keys, (error) => this.noted.push(error));
    const [opening] = payloadCodecs;
    if (!opening) throw new Error('a worker that opens nothing');
    this.opening = opening;
    this.dataConverter = { ...paths, payloadCodecs: [this] };
  }

  /** Before the next history. */
  begin(): void {
    this.noted = [];
    this.said = undefined;
  }

  /** Of this history, in their order. */
  get unopened(): readonly Unopened[] {
    return this.noted;
  }

  /** The message of the last failure that the code has made of this history. */
  get lastFailure(): string | undefined {
    return this.said;
  }

  async decode(payloads: Payload[], place?: SerializationContext): Promise<Payload[]> {
    return await this.opening.decode(payloads, place);
  }

  encode(payloads: Payload[]): Promise<Payload[]> {
    for (const payload of payloads) this.said = failureMessage(payload) ?? this.said;
    return Promise.resolve(payloads);
  }
}

/** Of the encoded attributes of a failure. */
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
