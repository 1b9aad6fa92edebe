import type { Texts } from './text-keys.js';

const LATER = 'Das geht gerade nicht. Bitte versuchen Sie es gleich noch einmal.';
const OUR_FAULT = 'Bei uns ist etwas schiefgegangen. Bitte versuchen Sie es später noch einmal.';
const HELD = 'Wir können Ihren Code gerade nicht senden. Kommt er nicht an, versuchen Sie es bitte später noch einmal.';

/** German. */
export const DEUTSCH: Texts = {
  states: {
    sending: 'Wir senden Ihnen gerade den Code.',
    awaitingCode: 'Wir haben Ihnen einen Code gesendet. Bitte geben Sie ihn ein.',
    rateLimited:
      'Es wurden zu viele Codes gesendet. Kommt der nächste nicht an, versuchen Sie es bitte später noch einmal.',
    awaitingToken: 'Bitte melden Sie sich noch einmal an, damit es weitergeht.',
    verified: 'Bestätigt. Vielen Dank!',
    alreadyVerified: 'Das ist schon bestätigt. Sie brauchen nichts zu tun.',
    expired: 'Die Zeit ist abgelaufen. Bitte beginnen Sie noch einmal.',
    failed: 'Die Bestätigung war nicht möglich. Bitte wenden Sie sich an den Kundendienst.',
    cancelled: 'Die Bestätigung wurde abgebrochen.',
  },
  held: {
    DestinationCeiling:
      'Dorthin haben wir vorerst genug Codes gesendet. Kommt der nächste nicht an, versuchen Sie es bitte später noch einmal.',
    MessageBudget: HELD,
    UnprovenMessages: HELD,
    UnreadDestination: HELD,
    GuardUnavailable: HELD,
  },
  refused: {
    CountryNotAllowed: 'In dieses Land senden wir keine Codes. Bitte verwenden Sie eine andere Nummer.',
    NumberKindNotAllowed: 'An Nummern dieser Art senden wir keine Codes. Bitte verwenden Sie eine andere Nummer.',
  },
  results: {
    verified: 'Bestätigt. Vielen Dank!',
    mismatch: 'Der Code stimmt nicht. Bitte prüfen Sie ihn und versuchen Sie es noch einmal.',
    codeExpired: 'Der Code ist abgelaufen. Bitte fordern Sie einen neuen an.',
    rateLimited: 'Zu viele Versuche. Bitte versuchen Sie es später noch einmal.',
    accessTokenRejected: 'Bitte melden Sie sich noch einmal an und geben Sie den Code dann erneut ein.',
  },
  errors: {
    InvalidRequest: 'Bitte prüfen Sie Ihre Eingabe.',
    AccessTokenRefused: 'Bitte melden Sie sich noch einmal an.',
    KeysUnavailable: LATER,
    VerificationNotFound: 'Hier gibt es nichts zu bestätigen. Bitte beginnen Sie noch einmal.',
    VerificationEnded: 'Diese Bestätigung ist beendet. Bitte beginnen Sie noch einmal, falls Sie sie noch brauchen.',
    ResendNotAllowed: 'Ein neuer Code kann noch nicht gesendet werden. Bitte versuchen Sie es später noch einmal.',
    ResendFailed: 'Wir konnten keinen weiteren Code senden. Der letzte gilt noch.',
    AttemptsExhausted: 'Zu viele falsche Codes. Bitte beginnen Sie später noch einmal.',
    TooManyMessages: 'Zu viele Anfragen. Bitte versuchen Sie es später noch einmal.',
    CodeNotSent: 'Es wurde noch kein Code gesendet. Bitte warten Sie einen Moment.',
    CognitoUnavailable: LATER,
    VerificationFailed: 'Die Bestätigung war nicht möglich. Bitte wenden Sie sich an den Kundendienst.',
    VerificationOpen: 'Das dauert länger als sonst. Bitte warten Sie einen Moment.',
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
