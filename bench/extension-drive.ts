import type { Browser, CDPSession, Page } from 'playwright-core';
import { type CpuProfile, profiled } from './extension-profile.ts';
import { type SideName, scriptName, scriptOf, selectorsEvent } from './extension-scripts.ts';
import { readTrace, type Traced, type TraceEvent } from './extension-trace.ts';

export type Drive = {
  load: Traced;
  acting: Traced;
  /** Of our side alone; empty for the others. */
  selectorsMs: number[];
};

const categories = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'toplevel'];

/** Loads the page with this recorder in it, and does so many rounds of what a person does. */
export async function drive(
  browser: Browser,
  side: SideName,
  { url, actions }: { url: string; actions: number },
): Promise<Drive> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await context.addInitScript({ content: await scriptOf(side) });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    const script = scriptName(side);
    const load = readTrace(
      await traced(session, async () => {
        await page.goto(url, { waitUntil: 'load' });
        await quiet(page);
      }),
      script,
    );
    const acting = readTrace(await traced(session, () => act(page, actions)), script);
    const finding =
      side === 'ours'
        ? readTrace(await traced(session, () => findSelectors(page, actions)), script)
        : null;
    const selectorsMs = (finding?.events ?? [])
      .filter(({ type }) => type === selectorsEvent)
      .map(({ ms }) => ms);
    return { load, acting, selectorsMs };
  } finally {
    await context.close();
  }
}

/** One more drive of our side, to see where its time goes. */
export async function driveProfiled(
  browser: Browser,
  { url, actions }: { url: string; actions: number },
): Promise<CpuProfile> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    await context.addInitScript({ content: await scriptOf('ours', true) });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await page.goto(url, { waitUntil: 'load' });
    await quiet(page);
    return await profiled(session, () => act(page, actions));
  } finally {
    await context.close();
  }
}

/** Moves, clicks, scrolls and types, as the same events on every side. */
async function act(page: Page, actions: number): Promise<void> {
  const buttons = page.locator('button:visible');
  const count = await buttons.count();
  for (let n = 0; n < actions; n++) {
    const box = await buttons.nth((n * 7) % Math.min(40, count)).boundingBox();
    const inView = box && box.y > 0 && box.y < 780 ? box : { x: 300, y: 60, width: 0, height: 0 };
    await page.mouse.move(inView.x + inView.width / 2, inView.y + inView.height / 2, { steps: 6 });
    await frames(page, 6);
    await page.mouse.click(inView.x + inView.width / 2, inView.y + inView.height / 2);
    await frames(page, 3);
    if (n % 3 === 0) await page.mouse.wheel(0, n % 2 ? -120 : 120);
    if (n % 4 === 0) {
      await page.locator('input[type=search]').first().focus();
      await page.keyboard.type('abc');
    }
    await frames(page, 6);
  }
}

/** What no event waits for goes on meanwhile. */
async function frames(page: Page, count: number): Promise<void> {
  await page.evaluate(
    `new Promise((done) => { let left = ${count}; const next = () => (left-- > 0 ? requestAnimationFrame(next) : done()); next(); })`,
  );
}

/** Idle for a while: what comes at leisure after a load belongs to it. */
async function quiet(page: Page): Promise<void> {
  await page.evaluate('new Promise((done) => setTimeout(() => requestIdleCallback(done), 2500))');
}

async function findSelectors(page: Page, actions: number): Promise<void> {
  await page.evaluate(`(async () => {
    for (let n = 0; n < ${Math.max(20, actions)}; n++) {
      const buttons = document.querySelectorAll('button, a[href], input');
      __choose(buttons[(n * 31) % buttons.length]);
      document.dispatchEvent(new Event('${selectorsEvent}'));
      await new Promise(requestAnimationFrame);
    }
  })()`);
}

async function traced(session: CDPSession, work: () => Promise<void>): Promise<TraceEvent[]> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: unknown[] }) => {
    for (const event of value) events.push(event as TraceEvent);
  };
  session.on('Tracing.dataCollected', collect);
  await session.send('Tracing.start', {
    traceConfig: { includedCategories: categories, recordMode: 'recordAsMuchAsPossible' },
    transferMode: 'ReportEvents',
  });
  await work();
  const complete = new Promise<void>((resolve) =>
    session.once('Tracing.tracingComplete', () => resolve()),
  );
  await session.send('Tracing.end');
  await complete;
  session.off('Tracing.dataCollected', collect);
  return events;
}
