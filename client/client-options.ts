import type { VerificationStatus } from '@cognito-verification/contract';
import type { Client } from '@temporalio/client';
import type { Duration } from '@temporalio/common';

/** What a `VerificationClient` needs; only `client` is required. */
export interface VerificationClientOptions {
  /**
   * A connected client of `@temporalio/client`. Its data converter must seal payloads, for they carry tokens and codes:
   * `clientDataConverter` of `@cognito-verification/codec`, or a codec that reads and writes the same envelope.
   */
  client: Client;
  /** Something else seals the payloads before they reach Temporal, such as a proxy, and `client` needs no codec. */
  sealedElsewhere?: true;
  /** The task queue of the workers. Default `attribute-verification`. */
  taskQueue?: string;
  /** How long `start` waits until the first send is settled. Default 20 seconds. */
  waitForDelivery?: Duration;
  /**
   * How long the other calls wait for their answer. Default 3 minutes: a code whose answer is lost is looked
   * into before it is answered, with four calls that Cognito may each hold for 20 seconds.
   */
  waitForAnswer?: Duration;
  /**
   * Checks a token before anything is started or sent on, for example with `aws-jwt-verify`. Whatever it throws refuses
   * the token; of what it throws only the name is in the error. Not called for references. Without it, the claims are only
   * decoded and Cognito's own check decides.
   */
  verifyToken?: (accessToken: string) => Promise<unknown>;
}

/** What `start` answers. */
export interface StartedVerification {
  workflowId: string;
  status: VerificationStatus;
}
