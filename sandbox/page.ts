import { html, raw } from 'hono/html';
import type { ListedFault } from './fault.js';
import { printable } from './printable.js';
import type { Message } from './state.js';

const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
  article { border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: 6px; padding: 0.75rem 1rem; margin: 0.75rem 0; }
  article header { display: flex; flex-wrap: wrap; gap: 0 1rem; justify-content: space-between; }
  time, .quiet { opacity: 0.7; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: 0.5rem 0; }
  code { font: 1.1em ui-monospace, monospace; letter-spacing: 0.1em; }
`;

const LINKS = ['inbox', 'calls', 'faults', 'clock', 'switches', 'account', 'health'];

/** The content of the page. */
export interface PageContent {
  /** Oldest first. */
  readonly messages: readonly Message[];
  readonly faults: readonly ListedFault[];
  readonly now: Date;
  readonly offsetMs: number;
}

/** The page for a developer's browser: the inbox, newest message first, the clock, and the faults that are set. */
export function page({ messages, faults, now, offsetMs }: PageContent): ReturnType<typeof html> {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cognito sandbox</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<h1>Cognito sandbox</h1>
<nav>${LINKS.map((link) => html`<a href="/_sandbox/${link}">${link}</a> `)}</nav>
<p>Sandbox time <time datetime="${now.toISOString()}">${now.toISOString()}</time>${
    offsetMs === 0 ? '' : html`, ${Math.round(offsetMs / 1000)} s ahead of the machine`
  }.</p>
<h2>Inbox</h2>
${messages.length === 0 ? html`<p class="quiet">No message yet.</p>` : messages.toReversed().map(article)}
<h2>Faults</h2>
${
  faults.length === 0
    ? html`<p class="quiet">None is set.</p>`
    : html`<ul>${faults.map((fault) => html`<li><pre>${printable(JSON.stringify(fault))}</pre></li>`)}</ul>`
}
</body>
</html>
`;
}

function article(message: Message): ReturnType<typeof html> {
  return html`<article>
<header><strong>${printable(message.destination)}</strong> <span class="quiet">${printable(message.username)}, ${message.medium}</span> <time datetime="${message.at}">${message.at}</time></header>
${message.subject === undefined ? '' : html`<div>${printable(message.subject)}</div>`}
<pre>${printable(message.body)}</pre>
<div>Code <code>${message.code}</code></div>
</article>
`;
}
