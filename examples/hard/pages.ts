import { escapeText } from '../shop/html.ts';
import { dragging, floating, frames, personal, routing, shadows, widgets } from './cases.ts';

export type Answer = {
  status?: number;
  type?: string;
  body: string;
  headers?: Record<string, string>;
};

/** The page of a path. `otherUrl` is the origin of foreign frames. */
export function answer(url: URL, otherUrl: string): Answer {
  const { pathname, searchParams } = url;
  if (pathname === '/' || pathname.startsWith('/room/')) return { body: home(otherUrl) };
  if (pathname === '/frame/outer') return { body: outerFrame() };
  if (pathname === '/frame/inner') return { body: innerFrame() };
  if (pathname === '/frame/foreign') return { body: foreignFrame() };
  if (pathname === '/many') return { body: many(searchParams) };
  if (pathname === '/order') return { body: order(searchParams) };
  if (pathname === '/moved') return { status: 302, body: '', headers: { location: '/order' } };
  if (pathname === '/report.csv') return report();
  return { status: 404, body: page('Not here', '<h1>Not here</h1><p><a href="/">Back</a></p>') };
}

function page(title: string, body: string, scripts: string[] = []): string {
  const sources = scripts.map((name) => `<script src="/assets/${name}" defer></script>`);
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeText(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/hard.css">
${sources.join('\n')}
</head>
<body>${body}</body>
</html>`;
}

function home(otherUrl: string): string {
  const body = `
<header class="top"><p class="mark" aria-hidden="true">H</p><h1>Hard cases</h1>
<p>Everything that a recorder of browsers stumbles over, on one page.</p></header>
<main>${[routing(), widgets(), personal(), shadows(), floating(), dragging(), frames(otherUrl)].join('\n')}</main>
<footer><a href="/order" data-testid="leave">Order page</a> <a href="/moved">Redirected</a>
<a href="/report.csv" download data-testid="download">Report</a> <a href="/many?nodes=10000">10,000 nodes</a></footer>`;
  return page('Hard cases', body, ['parts.js', 'hard.js']);
}

function outerFrame(): string {
  return page(
    'Outer',
    `<p>Outer frame</p><button data-testid="outer-button" onclick="this.textContent = 'Outer done'">Outer button</button>
<iframe name="inner" title="Inner" src="/frame/inner"></iframe>`,
  );
}

function innerFrame(): string {
  return page(
    'Inner',
    `<button data-testid="inner-button" onclick="this.textContent = 'Inner done'">Inner button</button>
<label>Inner note <input data-testid="inner-note"></label>`,
  );
}

function foreignFrame(): string {
  return page(
    'Foreign',
    `<p>Another origin</p><button data-testid="foreign-button" onclick="this.textContent = 'Foreign done'">Foreign button</button>
<label>Card number <input data-testid="foreign-card" autocomplete="cc-number"></label>`,
  );
}

/** What was typed comes back in the address, the title, a text, an attribute and a field. */
function order(parameters: URLSearchParams): string {
  const name = parameters.get('name') ?? 'nobody';
  const email = parameters.get('email') ?? '';
  const safe = escapeText(name);
  return page(
    `Order of ${name}`,
    `<header class="top"><h1>Thank you, <span data-testid="echo-name">${safe}</span>!</h1></header>
<main><section class="card"><p>A receipt goes to <b data-testid="echo-email">${escapeText(email)}</b>.</p>
<p><label>Printed on the label <input data-testid="echo-field" value="${safe}"></label></p>
<button data-testid="echo-button" aria-label="Change the order of ${safe}" title="For ${safe}">Change</button>
<p><a href="/" data-testid="back">Back to the cases</a></p></section></main>`,
  );
}

function many(parameters: URLSearchParams): string {
  const nodes = Math.min(50_000, Number(parameters.get('nodes') ?? 10_000));
  const perSecond = Math.min(1_000, Number(parameters.get('mutate') ?? 0));
  return page(
    'Many nodes',
    `<header class="top"><h1>Many nodes</h1><p id="count"></p><button data-testid="press-me">Press me</button></header>
<main><label>Filter <input data-testid="filter" type="search"></label>
<ul class="many" id="many" data-nodes="${nodes}" data-mutate="${perSecond}"></ul></main>`,
    ['many.js'],
  );
}

function report(): Answer {
  const headers = { 'content-disposition': 'attachment; filename="report-of-mira-odell.csv"' };
  return { type: 'text/csv', body: 'day,sum\n2026-01-01,12\n', headers };
}
