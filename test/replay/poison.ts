/**
 * Put before a workflow bundle, this makes everything that differs between machines throw on use. It spares what the SDK
 * makes deterministic: the clock (`Date.now`, `new Date()`), `Math.random` and timers.
 */
export const POISON = `(() => {
  const refuse = (name) => { throw new Error('not deterministic: ' + name); };
  // The SDK copies and freezes every global, so that each must look like one that is not used.
  const poisoned = (name) => new Proxy(function () {}, {
    get: () => refuse(name),
    apply: () => refuse(name),
    construct: () => refuse(name),
  });
  for (const name of ['Intl', 'Temporal', 'performance', 'WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'Atomics']) {
    const value = poisoned(name);
    Object.defineProperty(globalThis, name, { configurable: true, enumerable: false, writable: true, value });
  }
  // A date is another moment in each time zone unless it says which it means; without a time it means UTC.
  const moment = (text) => {
    if (!/^\\d{4}-\\d\\d-\\d\\d(T.*(Z|[+-]\\d\\d:\\d\\d))?$/.test(text)) refuse('a date without its time zone');
    return text;
  };
  const RealDate = Date;
  globalThis.Date = new Proxy(RealDate, {
    construct: (_, parts) => {
      if (parts.length > 1) refuse('a date in parts, without its time zone');
      return new RealDate(...parts.map((part) => (typeof part === 'string' ? moment(part) : part)));
    },
    apply: () => refuse('a date in words'),
  });
  const { parse } = RealDate;
  RealDate.parse = (text) => parse(moment(text));
  const poison = (prototype, names) => {
    for (const name of names) {
      Object.defineProperty(prototype, name, { configurable: true, writable: true, value: () => refuse(name) });
    }
  };
  const parts = ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds'];
  poison(Date.prototype, [
    ...parts.map((part) => 'get' + part),
    ...parts.filter((part) => part !== 'Day').map((part) => 'set' + part),
    'getYear', 'setYear', 'getTimezoneOffset', 'toString', 'toDateString', 'toTimeString',
    'toLocaleString', 'toLocaleDateString', 'toLocaleTimeString',
  ]);
  poison(String.prototype, ['localeCompare', 'toLocaleUpperCase', 'toLocaleLowerCase', 'normalize']);
  poison(Number.prototype, ['toLocaleString']);
  poison(BigInt.prototype, ['toLocaleString']);
  poison(Array.prototype, ['toLocaleString']);
})();`;
