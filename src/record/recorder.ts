import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Frame, Page } from 'playwright-core';
import { bindingName, type ScriptedMessage } from '../../extension/capture/scripting.ts';
import type { SessionRecord } from '../contract/recording.ts';
import type { ScreenshotTrigger } from '../contract/vocabulary.ts';
import { newId } from '../lib/ids.ts';
import { redactUrl } from '../lib/redact/url.ts';
import { launchChromium } from './browser.ts';
import { bundlePage } from './bundle.ts';
import { photograph } from './camera.ts';
import { sendPicture } from './develop.ts';
import { askFrames, type Place } from './frames.ts';
import { keepPace } from './pace.ts';
import type { RecordScript } from './script.ts';
import { openSettling } from './settle.ts';
import type { Sink } from './sink.ts';
import { countingSink, type Summary } from './summary.ts';
import { draftOf, openTimeline, placeIn } from './timeline.ts';

export interface RecordOptions {
  out: Sink;
  /** Program of the browser: `findChromium`. */
  executablePath: string;
  /** Default: true. */
  headless?: boolean;
  onProgress?: (summary: Summary) => void;
}

const VIEWPORT = { width: 1280, height: 800 };
const VERSION = '0.1.0';
/** Waits between the pictures of a page that came up, in milliseconds. */
const BURST = [0, 250, 500];

/**
 * Records what a script does, as the extension records what a person does.
 *
 * @throws {Error} the script failed; what was recorded until then has gone to `out`, without an end
 */
export async function recordScript(script: RecordScript, options: RecordOptions): Promise<Summary> {
  const site = script.open ? await script.open() : { url: script.url ?? '', close: async () => {} };
  try {
    const { executablePath, headless = true } = options;
    const browser = await launchChromium({ executablePath, headless });
    try {
      const context = await browser.newContext({ viewport: VIEWPORT, locale: 'en-US' });
      return await recordIn(context, script, site.url, options);
    } finally {
      await browser.close();
    }
  } finally {
    await site.close();
  }
}

async function recordIn(
  context: BrowserContext,
  script: RecordScript,
  url: string,
  { out, onProgress }: RecordOptions,
): Promise<Summary> {
  const startedAt = Date.now();
  const { sink, summary } = countingSink(out, onProgress);
  const timeline = openTimeline(sink, startedAt);
  const studio = openStudio(timeline, sink);

  await context.exposeBinding(bindingName, ({ frame, page }, message: ScriptedMessage) =>
    studio.hear(message, page, frame),
  );
  await context.addInitScript({ content: await bundlePage() });
  context.on('page', (page) => studio.follow(page));
  const page = await context.newPage();
  await sink.start(await sessionOf(page, script, url, startedAt));

  await script.run(page, url);

  await studio.end();
  await sink.end(new Date().toISOString());
  return summary();
}

async function sessionOf(
  page: Page,
  { task }: RecordScript,
  url: string,
  startedAt: number,
): Promise<SessionRecord> {
  const userAgent = await page.evaluate('navigator.userAgent');
  return {
    id: newId(),
    kind: 'AUTOMATED',
    task,
    startUrl: redactUrl(url),
    startedAt: new Date(startedAt).toISOString(),
    client: { name: 'codesight-record', version: VERSION, userAgent, viewport: VIEWPORT },
  };
}

/** Looks at the pages when it is time to, and hands on what is complete. */
function openStudio(timeline: ReturnType<typeof openTimeline>, sink: Sink) {
  const { film } = timeline;
  const { watch, settle } = openSettling();
  const secrets = new Set<string>();
  const places = new WeakMap<Frame, Place>();
  const pages: Page[] = [];
  let hasStarted = false;

  const shown = (page: Page): boolean => !page.isClosed() && /^(?:https?|file):/.test(page.url());
  const look = async (page: Page) => {
    const photo = await photograph(page, [...secrets]);
    for (const [frame, place] of photo?.places ?? []) places.set(frame, place);
    return photo;
  };
  const shoot = async (page: Page, trigger: ScreenshotTrigger): Promise<void> => {
    const photo = await look(page);
    if (photo) film.add(page, photo, trigger);
  };
  const shootBurst = async (page: Page): Promise<void> => {
    const photos = [];
    for (const wait of BURST) {
      await sleep(wait);
      const photo = await look(page);
      if (photo) photos.push(photo);
    }
    film.addBurst(page, photos, 'NAVIGATION');
  };
  const send = async (isEnd = false): Promise<void> => {
    await timeline.drain(isEnd);
    const horizon = isEnd ? Number.POSITIVE_INFINITY : timeline.horizon();
    for (const picture of film.release(horizon)) await sendPicture(sink, picture);
  };
  /** What came up by itself is photographed as such. */
  const see = async (page: Page, trigger: ScreenshotTrigger | null): Promise<void> => {
    await settle(page);
    await askFrames(page, 'flush');
    if (timeline.isWaiting(['NAVIGATION'], page)) await shootBurst(page);
    else if (timeline.isWaiting(['MODAL_OPEN', 'MODAL_CLOSE'], page)) await shoot(page, 'MODAL');
    else if (trigger) await shoot(page, trigger);
    if (!hasStarted) await shoot(page, 'SESSION_START');
    hasStarted = true;
  };
  const ready = (page: Page, action: string) =>
    askFrames(page, 'ready', { secrets: [...secrets], isHover: action === 'hover' });

  return {
    hear(message: ScriptedMessage, page: Page, frame: Frame): { secrets: string[] } {
      if (message.kind === 'secret') secrets.add(message.value);
      timeline.hear(message, page, placeIn(places, frame));
      return { secrets: message.kind === 'hello' ? [...secrets] : [] };
    },

    follow(page: Page): void {
      const tell = (type: 'TAB_OPEN' | 'TAB_CLOSE'): void => {
        const draft = draftOf(type, redactUrl(page.url()), null);
        timeline.hear({ kind: 'done', draft }, page, { steps: [], x: 0, y: 0 });
      };
      if (pages.length > 0) tell('TAB_OPEN');
      pages.push(page);
      page.on('close', () => tell('TAB_CLOSE'));
      watch(page);
      keepPace(page, {
        begin: async () => {
          if (shown(page)) await ready(page, 'begin');
        },
        before: async (_page, action) => {
          if (!shown(page)) return;
          await see(page, null);
          await ready(page, action);
          await shoot(page, 'BEFORE_ACTION');
          await send();
        },
        after: async () => {
          if (!shown(page)) return;
          await see(page, 'AFTER_ACTION');
          await send();
        },
      });
    },

    async end(): Promise<void> {
      const last = pages.findLast(shown);
      for (const page of pages.filter(shown)) await askFrames(page, 'finish');
      if (last) {
        await see(last, null);
        await shoot(last, 'SESSION_END');
      }
      await send(true);
    },
  };
}
