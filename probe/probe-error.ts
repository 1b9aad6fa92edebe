/** The probe cannot go on. Its message says what to do; it holds no token, no code and no address. */
export class ProbeError extends Error {
  override readonly name = 'ProbeError';

  /** @param code `Configuration`: settings or rights are wrong; `CognitoUnavailable`: try again later; `UnexpectedAnswer`: not Cognito's */
  constructor(
    readonly code: 'Configuration' | 'CognitoUnavailable' | 'UnexpectedAnswer',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
