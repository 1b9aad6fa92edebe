/** The forms of values that hold no secret. */
export const FORMS = {
  time: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/,
  uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i,
  destination: /^(\+\*+\d{1,4}|[^@\s*]?\*+@[^@\s*]?\*+)$/,
} as const;
