import * as z from 'zod';
import type { PageElement } from '../../lib/page/element.ts';
import { textOf, tidy } from '../../lib/page/text.ts';
import type { SessionStep } from '../session-steps.ts';
import { type Act, actOf } from './acts.ts';
import type { Exporter, ExportSession, Piece } from './exporter.ts';
import { fitting } from './lines.ts';
import { lastingSelectors, readRoleName } from './selectors.ts';
import { tarEnd, tarEntry } from './tar.ts';

const defaultViewport = { width: 1280, height: 800, deviceScaleFactor: 1 };
const timeoutMs = 10_000;

const selectors = z.array(z.union([z.string().min(1), z.array(z.string().min(1)).min(1)])).min(1);
const assertedEvents = z
  .array(z.strictObject({ type: z.literal('navigation'), url: z.string(), title: z.string() }))
  .optional();
const placed = { target: z.string(), frame: z.array(z.int()).optional(), assertedEvents };
const pointed = { ...placed, selectors, offsetX: z.number(), offsetY: z.number() };

/** The part of `@puppeteer/replay`'s schema that is written here. */
const Flow = z.strictObject({
  title: z.string(),
  timeout: z.int(),
  steps: z.array(
    z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('setViewport'),
        width: z.number(),
        height: z.number(),
        deviceScaleFactor: z.number(),
        isMobile: z.boolean(),
        hasTouch: z.boolean(),
        isLandscape: z.boolean(),
      }),
      z.strictObject({ type: z.literal('navigate'), url: z.string(), assertedEvents }),
      z.strictObject({
        type: z.literal('click'),
        ...pointed,
        button: z.literal('secondary').optional(),
      }),
      z.strictObject({ type: z.literal('doubleClick'), ...pointed }),
      z.strictObject({ type: z.literal('hover'), ...placed, selectors }),
      z.strictObject({ type: z.literal('change'), ...placed, selectors, value: z.string() }),
      z.strictObject({
        type: z.literal('keyDown'),
        target: z.string(),
        key: z.string(),
        assertedEvents,
      }),
      z.strictObject({
        type: z.literal('keyUp'),
        target: z.string(),
        key: z.string(),
        assertedEvents,
      }),
      z.strictObject({ type: z.literal('scroll'), ...placed, x: z.number(), y: z.number() }),
    ]),
  ),
});

type Flow = z.infer<typeof Flow>;
type FlowStep = Flow['steps'][number];

/** Chrome DevTools Recorder: a JSON file for each session. */
export const chromeRecorder: Exporter = {
  kinds: [
    {
      folder: '',
      extension: 'tar',
      mediaType: 'application/x-tar',
      isSeparable: true,
      single: {
        extension: 'json',
        mediaType: 'application/json',
        open: () => ({
          async *session(session): AsyncGenerator<Piece> {
            yield { bytes: await fileOf(session), records: 1 };
          },
        }),
      },
      open: () => ({
        async *session(session): AsyncGenerator<Piece> {
          const path = `${session.head.sessionId}.json`;
          yield { bytes: tarEntry(path, await fileOf(session)), records: 1 };
        },
        end: () => [{ bytes: tarEnd, records: 0 }],
      }),
    },
  ],
};

async function fileOf(session: ExportSession): Promise<Buffer> {
  return Buffer.from(`${JSON.stringify(await flowOf(session), null, 2)}\n`);
}

/**
 * A session as the Recorder writes it. Masked values stay placeholders; steps in other tabs, uploads
 * and drags have no step of their own.
 */
async function flowOf(session: ExportSession): Promise<Flow> {
  const steps: FlowStep[] = [];
  let previous: SessionStep | null = null;
  for await (const step of session.steps) {
    if (steps.length === 0) steps.push(viewportOf(step), opening(session));
    if (step.type === 'NAVIGATION') expectArrival(steps, step);
    else {
      const act = actOf(step, previous);
      if (act) steps.push(...writeAct(act, step, await optionValue(session, step)));
    }
    previous = step;
  }
  const title = session.head.task ?? `Session ${session.head.sessionId}`;
  return fitting(Flow, { title, timeout: timeoutMs, steps }, session);
}

function viewportOf({ before, after }: SessionStep): FlowStep {
  const state = before?.viewportWidth ? before : after;
  return {
    type: 'setViewport',
    width: Math.round(state?.viewportWidth ?? defaultViewport.width),
    height: Math.round(state?.viewportHeight ?? defaultViewport.height),
    deviceScaleFactor: state?.devicePixelRatio ?? defaultViewport.deviceScaleFactor,
    isMobile: false,
    hasTouch: false,
    isLandscape: false,
  };
}

function opening({ head }: ExportSession): FlowStep {
  return { type: 'navigate', url: head.startUrl };
}

/** What the step before led to; the page that the session opens is one of its own. */
function expectArrival(steps: FlowStep[], { url, pageTitle }: SessionStep): void {
  // A key acts when it goes down; when it comes up, the next page is there already.
  const at = steps.findLastIndex(({ type }) => type !== 'keyUp');
  const cause = steps[at];
  if (!cause || cause.type === 'setViewport') return;
  if (cause.type === 'navigate' && cause.assertedEvents) return;
  cause.assertedEvents = [{ type: 'navigation', url, title: pageTitle ?? '' }];
}

function writeAct(act: Act, step: SessionStep, option: string | null): FlowStep[] {
  const found = recorderSelectors(step);
  const frame = (step.frame ?? []).map(({ index }) => index);
  const where = { target: 'main', ...(frame.length > 0 ? { frame } : {}) };
  if (act.kind === 'scroll') return [{ type: 'scroll', ...where, x: act.x, y: act.y }];
  if (act.kind === 'press') {
    const held = act.held.map((key) => ({ type: 'keyDown' as const, target: 'main', key }));
    const freed = act.held.toReversed().map((key) => ({
      type: 'keyUp' as const,
      target: 'main',
      key,
    }));
    return [
      ...held,
      { type: 'keyDown', target: 'main', key: act.key },
      { type: 'keyUp', target: 'main', key: act.key },
      ...freed,
    ];
  }
  if (found.length === 0) return [];
  if (act.kind === 'hover') return [{ type: 'hover', ...where, selectors: found }];
  if (act.kind === 'type' || act.kind === 'select')
    return [{ type: 'change', ...where, selectors: found, value: option ?? act.value }];
  const { offsetX, offsetY } = offsetOf(step);
  const at = { ...where, selectors: found, offsetX, offsetY };
  if (act.kind === 'double_click') return [{ type: 'doubleClick', ...at }];
  return [
    {
      type: 'click',
      ...at,
      ...(act.kind === 'right_click' ? { button: 'secondary' as const } : {}),
    },
  ];
}

/** The replayer chooses an option by its value, people by its text; `null` for what is no native list. */
async function optionValue(session: ExportSession, step: SessionStep): Promise<string | null> {
  if (step.type !== 'SELECT' || step.target?.tag !== 'select') return null;
  const list = (await session.page(step))?.byRef.get(step.target.ref ?? '');
  const options = list ? optionsIn(list) : [];
  const chosen = options.find((option) => tidy(textOf(option)) === tidy(step.value ?? ''));
  return chosen?.attributes.value ?? null;
}

function optionsIn(element: PageElement): PageElement[] {
  return element.children.flatMap((child) =>
    typeof child === 'string' ? [] : child.tag === 'option' ? [child] : optionsIn(child),
  );
}

/** From the top left corner of the target; its middle where that is not known or outside. */
function offsetOf({ pointer, target }: SessionStep): { offsetX: number; offsetY: number } {
  const box = target?.rectangle;
  const [x, y] = [pointer?.offsetX, pointer?.offsetY];
  const isInside =
    x != null && y != null && x > 0 && y > 0 && (!box || (x < box.width && y < box.height));
  if (isInside) return { offsetX: x, offsetY: y };
  return { offsetX: (box?.width ?? 2) / 2, offsetY: (box?.height ?? 2) / 2 };
}

/** The recorder's own forms: `aria/NAME`, `text/…`, `xpath/…`, CSS without a prefix. */
function recorderSelectors(step: SessionStep): string[] {
  const written = lastingSelectors(step).flatMap(({ strategy, value }) => {
    if (strategy === 'ROLE_NAME') {
      const parts = readRoleName(value);
      if (!parts?.name || parts.scope) return [];
      return [`aria/${parts.name}[role="${parts.role}"]`];
    }
    if (strategy === 'LABEL') return [`aria/${value}`];
    if (strategy === 'TEXT') return [`text/${value}`];
    if (strategy === 'XPATH') return [`xpath/${value}`];
    return [value];
  });
  return [...new Set(written)];
}
