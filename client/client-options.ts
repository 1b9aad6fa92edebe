import type { VerificationStatus } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import type { Duration } from '@temporalio/common';

/** What a `VerificationClient` needs; only `client` is required. */
export interface VerificationClientOptions {
  /**
   * A connected client of `@temporalio/client`. Its data converter must seal payloads, because they carry tokens and codes:
   * `clientDataConverter` of `@cognito-verification/codec`, or a codec that reads and writes the same envelope.
   */
  client: Client;
  /** Something else, such as a proxy, seals the payloads before they reach Temporal, so `client` needs no codec. Default: not set. */
  sealedElsewhere?: true | undefined;
  /** The task queue of the workers. Default `attribute-verification`. */
  taskQueue?: string | undefined;
  /** How long `start` waits until the first send is settled. Default 20 seconds. */
  waitForDelivery?: Duration;
  /**
   * How long the other calls wait for their answer. Default 3 minutes: if Cognito's answer to a code is lost, the worker
   * reads the attribute before it answers, with up to four calls that Cognito may each hold for 20 seconds.
   */
  waitForAnswer?: Duration;
  /**
   * Checks a token before the client starts or sends anything, for example with `aws-jwt-verify`. A token is refused if it
   * throws; the error then holds the name of what it threw, and nothing else. It is not called for references. Default: the
   * client only decodes the claims, and Cognito's own check decides.
   */
  verifyToken?: ((accessToken: string) => Promise<unknown>) | undefined;
}

/** What `start` returns. */
export interface StartedVerification {
  /** For the other methods. Made of the user pool, the user and the attribute. */
  workflowId: string;
  /** As of the first send, or `sending` where that takes longer than `waitForDelivery`. */
  status: VerificationStatus;
}
