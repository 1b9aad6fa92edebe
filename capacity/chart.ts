/** The day of an estimate as a chart: starts in each hour, and what sends wait for. */
import type { Estimate } from './estimate.js';

/** One bar for each hour, eight steps high in each line. */
const BLOCKS = ' ▁▂▃▄▅▆▇█';
const LINES = 6;

/** Three columns for each hour, unless a wait needs more. */
const LEAST_COLUMNS = 3;

/** For a terminal: bars of the starts, and below them what sends wait for. */
export function terminalChart({ startsPerSecondBySlot: starts, sendDelayP95BySlot: delays }: Estimate): string {
  const most = Math.max(...starts);
  const unit = unitOf(Math.max(...delays));
  const waits = delays.map((delay) => waitIn(unit, delay));
  const columns = Math.max(LEAST_COLUMNS, ...waits.map(({ length }) => length + 1));
  const lines = Array.from({ length: LINES }, (_, line) => {
    const below = LINES - 1 - line;
    const bars = starts.map((count) => {
      const height = Math.max(0, Math.min(8, Math.round((count / most) * LINES * 8 - below * 8)));
      return (BLOCKS[height] ?? ' ').repeat(columns - 1);
    });
    const label = line === 0 ? `${rounded(most)}/s` : line === LINES - 1 ? '0/s' : '';
    return `${label.padStart(9)} ┤${bars.join(' ')}`;
  });
  const row = (name: string, labels: readonly string[]) =>
    `${name.padStart(9)}  ${labels.map((label) => label.padEnd(columns)).join('')}`;
  const hours = row('hour', Object.keys(starts));
  const doWait = Math.max(...delays) >= A_WAIT_SECONDS;
  return [
    `verifications that start in a second${doWait ? `, and what a send waits, 95th percentile in ${unit.plural}` : ''}`,
    ...lines,
    hours,
    ...(doWait ? [row('p95 wait', waits)] : []),
  ].join('\n');
}

/** Nobody calls less a wait. */
const A_WAIT_SECONDS = 1;

/** One for all waits of a chart, by the longest: it is to have two digits. */
const UNITS = [
  { symbol: 's', plural: 'seconds', seconds: 1, below: 99.5 },
  { symbol: 'min', plural: 'minutes', seconds: 60, below: 3_600 },
  { symbol: 'h', plural: 'hours', seconds: 3_600, below: Number.POSITIVE_INFINITY },
] as const;

type Unit = (typeof UNITS)[number];

function unitOf(longestSeconds: number): Unit {
  return UNITS.find(({ below }) => longestSeconds < below) ?? UNITS[2];
}

function waitIn({ seconds }: Unit, delay: number): string {
  if (delay < A_WAIT_SECONDS) return '·';
  return delay < seconds / 2 ? '<1' : String(Math.round(delay / seconds));
}

const WIDTH = 720;
const HEIGHT = 240;
const EDGE = { left: 60, right: 60, top: 40, bottom: 30 };
const BAR = '#7aa6d8';
const LINE = '#c0392b';

/** For a page: bars of the starts, and a line of the 95th percentile of what a send waits. */
export function svgChart({ startsPerSecondBySlot: starts, sendDelayP95BySlot: delays }: Estimate): string {
  const [most, longest] = [Math.max(...starts), Math.max(1, ...delays)];
  const unit = unitOf(longest);
  const step = (WIDTH - EDGE.left - EDGE.right) / starts.length;
  const floor = HEIGHT - EDGE.bottom;
  const height = floor - EDGE.top;
  const x = (slot: number) => EDGE.left + slot * step;
  const bars = starts.map((count, slot) => {
    const high = (count / most) * height;
    return `<rect x="${place(x(slot) + 2)}" y="${place(floor - high)}" width="${place(step - 4)}" height="${place(high)}" fill="${BAR}"/>`;
  });
  const points = delays.map((s, slot) => `${place(x(slot) + step / 2)},${place(floor - (s / longest) * height)}`);
  const label = (at: number, y: number, anchor: string, text: string) =>
    `<text x="${place(at)}" y="${place(y)}" text-anchor="${anchor}">${text}</text>`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="11" fill="#444" role="img">`,
    '<title>Starts in each hour (bars), and the wait of a send, 95th percentile (line)</title>',
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    label(EDGE.left, 20, 'start', `<tspan fill="${BAR}">■</tspan> starts in a second`),
    label(EDGE.left + 150, 20, 'start', `<tspan fill="${LINE}">━</tspan> wait of a send, 95th percentile`),
    ...bars,
    `<polyline points="${points.join(' ')}" fill="none" stroke="${LINE}" stroke-width="2"/>`,
    label(EDGE.left - 6, EDGE.top + 4, 'end', `${rounded(most)}/s`),
    label(EDGE.left - 6, floor, 'end', '0'),
    label(WIDTH - EDGE.right + 6, EDGE.top + 4, 'start', `${rounded(longest / unit.seconds)} ${unit.symbol}`),
    label(WIDTH - EDGE.right + 6, floor, 'start', `0 ${unit.symbol}`),
    ...starts.map((_, hour) => (hour % 3 === 0 ? label(x(hour) + step / 2, HEIGHT - 12, 'middle', `${hour}h`) : '')),
    '</svg>',
    '',
  ]
    .filter((line, index, all) => line !== '' || index === all.length - 1)
    .join('\n');
}

function place(value: number): string {
  return value.toFixed(1);
}

function rounded(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
