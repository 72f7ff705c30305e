import type { SessionStep } from '../session-steps.ts';
import { actOf } from './acts.ts';
import type { Exporter, ExportSession, Piece } from './exporter.ts';
import { lastingSelectors, maskedIn, readRoleName } from './selectors.ts';
import { tarEnd, tarEntry } from './tar.ts';

/** A Playwright test for each session, and the fixture that fills what was masked. */
export const playwright: Exporter = {
  kinds: [
    {
      folder: '',
      extension: 'tar',
      mediaType: 'application/x-tar',
      isSeparable: true,
      single: {
        extension: 'spec.ts',
        mediaType: 'text/typescript',
        open: () => ({
          async *session(session): AsyncGenerator<Piece> {
            yield { bytes: Buffer.from(await specOf(session)), records: 1 };
          },
        }),
      },
      open: () => ({
        async *session(session): AsyncGenerator<Piece> {
          const bytes = Buffer.from(await specOf(session));
          yield { bytes: tarEntry(`${session.head.sessionId}.spec.ts`, bytes), records: 1 };
        },
        end: () => [{ bytes: tarEnd, records: 0 }],
      }),
    },
  ],
  extras: () => [{ path: 'fixture.ts', mediaType: 'text/typescript', text: fixture }],
};

/** What masked values become when nothing is given for them. */
const stands: Record<string, string> = {
  NAME: 'Alex Example',
  EMAIL: 'alex@example.com',
  PHONE: '+1 202 555 0143',
  ADDRESS: '1 Example Street',
  CARD: '4242424242424242',
  PASSWORD: 'Correct-horse-7',
};

/** The fixture beside the tests: `masked('EMAIL', 'Email')` gives what to type. */
const fixture = `import { env } from 'node:process';
import { test as base } from '@playwright/test';

/**
 * What is typed for values that were masked when they were recorded. Set MASKED_EMAIL and so on, or
 * MASKED_VALUES to JSON such as {"EMAIL": "a@b.example", "ADDRESS/ZIP code": "10203"}: the name of the
 * field after the slash wins.
 */
const given: Record<string, string> = JSON.parse(env.MASKED_VALUES ?? '{}');
const stands: Record<string, string> = ${JSON.stringify(stands, null, 2)};

export type Masked = (kind: string, field: string) => string;

export const test = base.extend<{ masked: Masked }>({
  masked: async ({}, use) => {
    await use(
      (kind, field) =>
        given[\`\${kind}/\${field}\`] ??
        given[kind] ??
        env[\`MASKED_\${kind}\`] ??
        stands[kind] ??
        'masked',
    );
  },
});
export { expect } from '@playwright/test';
`;

/** A session as a test that can be run. BASE_URL replaces the origin of the start page. */
async function specOf(session: ExportSession): Promise<string> {
  const { head } = session;
  const lines: string[] = [];
  const origin = originOf(head.startUrl);
  let previous: SessionStep | null = null;
  let isArriving = true; // at the page that the test opens itself
  for await (const step of session.steps) {
    if (step.type === 'NAVIGATION') {
      if (!isArriving) lines.push(...arrival(step, origin));
      isArriving = false;
    } else {
      const line = lineOf(step, previous);
      if (line) lines.push(line);
    }
    previous = step;
  }
  return [
    `import { env } from 'node:process';`,
    `import { expect, test } from './fixture.ts';`,
    '',
    `const origin = env.BASE_URL ?? ${quoted(origin)};`,
    '',
    `test(${quoted(head.task ?? `Session ${head.sessionId}`)}, async ({ page, masked }) => {`,
    `  await page.goto(${addressOf(head.startUrl, origin)});`,
    ...lines.map((line) => `  ${line}`),
    '});',
    '',
  ].join('\n');
}

function lineOf(step: SessionStep, previous: SessionStep | null): string | null {
  const act = actOf(step, previous);
  if (!act || act.kind === 'scroll') return null; // Playwright scrolls to what it acts on
  if (act.kind === 'press') {
    const keys = quoted([...act.held, act.key].join('+'));
    const target = locatorOf(step);
    return target ? `await ${target}.press(${keys});` : `await page.keyboard.press(${keys});`;
  }
  const target = locatorOf(step);
  if (!target) return `// ${step.type} at ${step.url}: no selector named one element.`;
  switch (act.kind) {
    case 'click':
      return `await ${target}.${isChecked(step) ? 'check' : 'click'}();`;
    case 'double_click':
      return `await ${target}.dblclick();`;
    case 'right_click':
      return `await ${target}.click({ button: 'right' });`;
    case 'hover':
      return `await ${target}.hover();`;
    case 'type':
      return `await ${target}.fill(${typedOf(act.value, step)});`;
    case 'select':
      return `await ${target}.selectOption({ label: ${quoted(act.value)} });`;
  }
}

function isChecked({ type, value, target }: SessionStep): boolean {
  const isBox = target?.role === 'checkbox' || target?.role === 'radio';
  return type === 'CHANGE' && value === 'true' && isBox;
}

/** A literal, or a template in which the fixture fills what was masked. */
function typedOf(value: string, { target }: SessionStep): string {
  if (maskedIn(value).length === 0) return quoted(value);
  const field = quoted(target?.name ?? '');
  const parts = value
    .split(/(\[[A-Z][A-Z0-9_]*\])/)
    .filter((part) => part !== '')
    .map((part) => {
      const [kind] = maskedIn(part);
      return kind ? `masked(${quoted(kind)}, ${field})` : quoted(part);
    });
  return parts.join(' + ');
}

/** Roles, labels and test ids before CSS, through the frames the step was in. */
function locatorOf(step: SessionStep): string | null {
  const frames = (step.frame ?? []).map(
    ({ selector, index }) => `.frameLocator(${quoted(selector ?? `iframe >> nth=${index}`)})`,
  );
  const root = `page${frames.join('')}`;
  for (const { strategy, value } of lastingSelectors(step)) {
    if (strategy === 'ROLE_NAME') {
      const parts = readRoleName(value);
      if (!parts) continue;
      const scope = parts.scope ? scopeOf(parts.scope) : '';
      const named = parts.name === null ? '' : `, { name: ${quoted(parts.name)}, exact: true }`;
      return `${root}${scope}.getByRole(${quoted(parts.role)}${named})`;
    }
    if (strategy === 'LABEL') return `${root}.getByLabel(${quoted(value)}, { exact: true })`;
    if (strategy === 'TEXT') return `${root}.getByText(${quoted(value)}, { exact: true })`;
    const testId = /^\[data-testid="([^"\\]*)"\]$/.exec(value)?.[1];
    if (strategy === 'TEST_ID' && testId) return `${root}.getByTestId(${quoted(testId)})`;
    if (strategy === 'XPATH') return `${root}.locator(${quoted(`xpath=${value}`)})`;
    return `${root}.locator(${quoted(value)})`;
  }
  return null;
}

/** The row or card in which a name is unique. */
function scopeOf(scope: string): string {
  const parts = readRoleName(scope);
  if (!parts) return `.locator(${quoted(scope)})`;
  const named = parts.name === null ? '' : `, { name: ${quoted(parts.name)} }`;
  return `.getByRole(${quoted(parts.role)}${named})`;
}

function arrival({ url }: SessionStep, origin: string): string[] {
  return [`await expect(page).toHaveURL(${madeAnew(url) ?? addressOf(url, origin)});`];
}

/** A pattern for an address with a number that each run makes anew, such as an order’s; else `null`. */
function madeAnew(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { pathname } = new URL(url);
  const parts = pathname.split('/');
  if (!parts.some((part) => /\d{4}/.test(part))) return null;
  const pattern = parts
    .map((part) => (/\d{4}/.test(part) ? '[^/?#]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('\\/');
  return `/${pattern}(?:[?#]|$)/`;
}

/** An address that follows the origin of the run, where it is on the same one. */
function addressOf(url: string, origin: string): string {
  return url.startsWith(origin) && origin !== ''
    ? `origin + ${quoted(url.slice(origin.length))}`
    : quoted(url);
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : '';
}

/** A string literal; never ends the line or the comment it stands in. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(/[\u2028\u2029]/g, (mark) =>
    mark === '\u2028' ? '\\u2028' : '\\u2029',
  );
}
