/** Times for people. */

/** Local time with its zone, and how long that is from now. */
export function time(iso: string | undefined, now: number = Date.now()): string | undefined {
  if (iso === undefined) return undefined;
  const seconds = Math.round((Date.parse(iso) - now) / 1000);
  const span = seconds === 0 ? 'now' : seconds > 0 ? `in ${spanInWords(seconds)}` : `${spanInWords(-seconds)} ago`;
  return `${new Date(iso).toLocaleString(ISO_ORDER, TIME_FORM).replace(',', '')} (${span})`;
}

/** A text whose ISO times are those of `time`. */
export function withTimes(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (iso) =>
    Number.isNaN(Date.parse(iso)) ? iso : (time(iso) ?? iso),
  );
}

/** Canada writes year, month, day, as ISO 8601 does: nobody takes the month for the day. */
const ISO_ORDER = 'en-CA';

const TIME_FORM: Intl.DateTimeFormatOptions = {
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
};

/** `12 s`, `5 min`, `3 h`, `3 h 20 min`. */
export function spanInWords(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}
