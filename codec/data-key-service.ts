/** The two calls to AWS KMS, and what their failures mean. */
import type { KMSClient } from '@aws-sdk/client-kms';
import { KeyServiceError, PayloadRefusedError } from './errors.js';
import { type EncryptionKey, encryptionKey } from './key-ring.js';

/** The client for a region. */
export type ClientFor = (region: string) => Pick<KMSClient, 'send'> | Promise<Pick<KMSClient, 'send'>>;

/** Shown in CloudTrail, and to be named in conditions of IAM policies (`kms:EncryptionContext:application`). */
const ENCRYPTION_CONTEXT = { application: 'cognito-verification' };

/** Workflow tasks wait for an answer, and those have ten seconds; the SDK waits for ever unless told. */
const TIMEOUTS = { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true };

/** The most that KMS takes. */
const MOST_WRAPPED_BYTES = 6_144;

/** KMS says so of what no key of that id has wrapped, today or later. */
const NEVER_OPENS: ReadonlySet<string> = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

export class DataKeyService {
  private readonly clients = new Map<string, Promise<Pick<KMSClient, 'send'>>>();

  constructor(private readonly clientFor: ClientFor = defaultClient) {}

  /** @throws KeyServiceError */
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

  /** @throws KeyServiceError; PayloadRefusedError where KMS has never wrapped it with that key */
  async unwrap(keyId: string, wrapped: Uint8Array): Promise<EncryptionKey> {
    if (wrapped.byteLength === 0 || wrapped.byteLength > MOST_WRAPPED_BYTES) throw notWrapped(keyId);
    const { DecryptCommand } = await loadKms();
    const command = new DecryptCommand({
      // Named, so that a payload cannot have us ask for a key of somebody else's.
      KeyId: keyId,
      CiphertextBlob: wrapped,
      EncryptionContext: ENCRYPTION_CONTEXT,
    });
    const client = await this.clientOf(keyId);
    const { Plaintext } = await client.send(command).catch((error: unknown) => {
      // To try these again would hold up a workflow for ever, for one payload that somebody has changed.
      throw error instanceof Error && NEVER_OPENS.has(error.name)
        ? notWrapped(keyId)
        : keyServiceError('unwrap a data key', keyId, error);
    });
    if (!Plaintext) throw keyServiceError('unwrap a data key', keyId, 'an answer without a key');
    return encryptionKey(keyId, Plaintext, wrapped);
  }

  private async clientOf(keyId: string): Promise<Pick<KMSClient, 'send'>> {
    const region = keyId.split(':')[3] ?? '';
    let client = this.clients.get(region);
    if (!client) {
      client = Promise.resolve(this.clientFor(region));
      this.clients.set(region, client);
    }
    return await client;
  }
}

async function defaultClient(region: string): Promise<KMSClient> {
  const { KMSClient: Client } = await loadKms();
  return new Client({ region, requestHandler: TIMEOUTS });
}

/** Only when used: most deployments have no need of it, and the client may not even be installed. */
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
