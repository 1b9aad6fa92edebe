import type { Texts } from './text-keys.js';

const LATER = 'Ahora mismo no es posible. Inténtelo de nuevo dentro de un momento.';
const OUR_FAULT = 'Algo ha fallado por nuestra parte. Inténtelo de nuevo más tarde.';
const HELD = 'Ahora mismo no podemos enviarle el código. Si no le llega, inténtelo de nuevo más tarde, por favor.';

/** Spanish. */
export const ESPANOL: Texts = {
  states: {
    sending: 'Le estamos enviando el código.',
    awaitingCode: 'Le hemos enviado un código. Introdúzcalo, por favor.',
    rateLimited:
      'Se han enviado demasiados códigos. Si el siguiente no le llega, inténtelo de nuevo más tarde, por favor.',
    awaitingToken: 'Inicie sesión de nuevo para continuar.',
    verified: 'Verificado. ¡Gracias!',
    alreadyVerified: 'Esto ya está verificado. No tiene que hacer nada.',
    expired: 'El plazo ha terminado. Empiece de nuevo, por favor.',
    failed: 'No hemos podido verificarlo. Póngase en contacto con el servicio de atención.',
    cancelled: 'La verificación se ha cancelado.',
  },
  held: {
    DestinationCeiling:
      'Por ahora ya hemos enviado bastantes códigos allí. Si el siguiente no le llega, inténtelo de nuevo más tarde, por favor.',
    MessageBudget: HELD,
    UnprovenMessages: HELD,
    UnreadDestination: HELD,
    GuardUnavailable: HELD,
  },
  refused: {
    CountryNotAllowed: 'No enviamos códigos a números de este país. Utilice otro número, por favor.',
    NumberKindNotAllowed: 'No enviamos códigos a números de este tipo. Utilice otro número, por favor.',
  },
  results: {
    verified: 'Verificado. ¡Gracias!',
    mismatch: 'El código no es correcto. Revíselo e inténtelo de nuevo.',
    codeExpired: 'El código ha caducado. Solicite uno nuevo, por favor.',
    rateLimited: 'Demasiados intentos. Inténtelo de nuevo más tarde.',
    accessTokenRejected: 'Inicie sesión de nuevo y vuelva a introducir el código.',
  },
  errors: {
    InvalidRequest: 'Revise los datos introducidos, por favor.',
    AccessTokenRefused: 'Inicie sesión de nuevo, por favor.',
    KeysUnavailable: LATER,
    VerificationNotFound: 'No hay nada que verificar. Empiece de nuevo, por favor.',
    VerificationEnded: 'Esta verificación ha terminado. Empiece de nuevo si todavía la necesita.',
    ResendNotAllowed: 'Todavía no se puede enviar otro código. Inténtelo más tarde, por favor.',
    ResendFailed: 'No hemos podido enviar otro código. El último sigue siendo válido.',
    AttemptsExhausted: 'Demasiados códigos incorrectos. Empiece de nuevo más tarde.',
    TooManyMessages: 'Demasiadas solicitudes. Inténtelo más tarde, por favor.',
    CodeNotSent: 'Todavía no se ha enviado ningún código. Espere un momento, por favor.',
    CognitoUnavailable: LATER,
    VerificationFailed: 'No hemos podido verificarlo. Póngase en contacto con el servicio de atención.',
    VerificationOpen: 'Está tardando más de lo habitual. Espere un momento, por favor.',
    CallAborted: LATER,
    TemporalUnavailable: LATER,
    WorkerUnavailable: LATER,
    OtherTaskQueue: OUR_FAULT,
    Sealing: OUR_FAULT,
    UnexpectedAnswer: OUR_FAULT,
    IdReused: OUR_FAULT,
    NotSetUp: OUR_FAULT,
  },
};
