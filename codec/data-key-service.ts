/** The two calls to AWS KMS, and what their failures mean. */
import { KeyServiceError, PayloadRefusedError } from './errors.js';
import { type EncryptionKey, encryptionKey } from './key-ring.js';

/**
 * What is asked of a client of AWS KMS; a `KMSClient` of `@aws-sdk/client-kms` is one. Its own type would make everybody who
 * compiles against this package install that one.
 */
export interface KmsSender {
  /** Sends a command of `@aws-sdk/client-kms`. */
  send(command: unknown): Promise<{ Plaintext?: Uint8Array; CiphertextBlob?: Uint8Array; $metadata?: unknown }>;
}

/** Returns the KMS client for a region. */
export type ClientFor = (region: string) => KmsSender | Promise<KmsSender>;

/** CloudTrail shows it, and conditions of IAM policies can name it (`kms:EncryptionContext:application`). */
const ENCRYPTION_CONTEXT = { application: 'cognito-verification' };

/** In milliseconds. A workflow task waits for the answer and has ten seconds; by default the SDK waits for ever. */
const TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

/** The limit of KMS. */
const MAX_WRAPPED_BYTES = 6_144;

/** With these KMS says that the key of that id has never wrapped the bytes, so that trying again is pointless. */
const NEVER_OPENS: ReadonlySet<string> = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

export class DataKeyService {
  private readonly clients = new Map<string, Promise<KmsSender>>();

  constructor(private readonly clientFor: ClientFor = defaultClient) {}

  /**
   * Has KMS make a data key.
   * @throws KeyServiceError
   */
  async generate(keyId: string): Promise<EncryptionKey> {
    const { GenerateDataKeyCommand } = await loadKms();
    const command = new GenerateDataKeyCommand({
      KeyId: keyId,
      KeySpec: 'AES_256',
      EncryptionContext: ENCRYPTION_CONTEXT,
    });
    const client = await this.clientOf(keyId);
    const { Plaintext, CiphertextBlob } = await client.send(command).catch((error: unknown) => {
      throw keyServiceError('make a data key', keyId, error);
    });
    if (!Plaintext || !CiphertextBlob) throw keyServiceError('make a data key', keyId, 'an answer without a key');
    return encryptionKey(keyId, Plaintext, CiphertextBlob);
  }

  /**
   * Has KMS unwrap a data key.
   * @throws KeyServiceError; PayloadRefusedError if KMS has never wrapped it with that key
   */
  async unwrap(keyId: string, wrapped: Uint8Array): Promise<EncryptionKey> {
    if (wrapped.byteLength === 0 || wrapped.byteLength > MAX_WRAPPED_BYTES) throw notWrapped(keyId);
    const { DecryptCommand } = await loadKms();
    const command = new DecryptCommand({
      // Given, so that a payload cannot make this process use some other key.
      KeyId: keyId,
      CiphertextBlob: wrapped,
      EncryptionContext: ENCRYPTION_CONTEXT,
    });
    const client = await this.clientOf(keyId);
    const { Plaintext } = await client.send(command).catch((error: unknown) => {
      // Retrying these would block a workflow for ever because of one payload that someone has changed.
      throw error instanceof Error && NEVER_OPENS.has(error.name)
        ? notWrapped(keyId)
        : keyServiceError('unwrap a data key', keyId, error);
    });
    if (!Plaintext) throw keyServiceError('unwrap a data key', keyId, 'an answer without a key');
    return encryptionKey(keyId, Plaintext, wrapped);
  }

  private async clientOf(keyId: string): Promise<KmsSender> {
    const region = keyId.split(':')[3] ?? '';
    let client = this.clients.get(region);
    if (!client) {
      client = Promise.resolve(this.clientFor(region));
      this.clients.set(region, client);
    }
    return await client;
  }
}

async function defaultClient(region: string): Promise<KmsSender> {
  const { KMSClient: Client } = await loadKms();
  return new Client({ region, requestHandler: TIMEOUTS });
}

/** Loaded on first use: most deployments do not need it, and it may not be installed. */
async function loadKms(): Promise<typeof import('@aws-sdk/client-kms')> {
  try {
    return await import('@aws-sdk/client-kms');
  } catch (cause) {
    throw new KeyServiceError('Keys of AWS KMS need the package @aws-sdk/client-kms: npm install @aws-sdk/client-kms', {
      cause,
    });
  }
}

function keyServiceError(what: string, keyId: string, error: unknown): KeyServiceError {
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new KeyServiceError(
    `AWS KMS did not ${what} with ${keyId} (${said}). Check the key's state and that this process may call kms:GenerateDataKey and kms:Decrypt with it.`,
    { cause: error },
  );
}

function notWrapped(keyId: string): PayloadRefusedError {
  return new PayloadRefusedError('damaged', `a sealed payload whose data key was not wrapped with ${keyId}`);
}
