import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Page } from '../../lib/page/element.ts';
import { describeInteraction } from '../history.ts';
import type { SessionStep } from '../session-steps.ts';
import { type Act, actOf } from './acts.ts';
import type { Exporter, ExportSession, Piece } from './exporter.ts';
import { fitting } from './lines.ts';
import { tarEnd, tarEntry } from './tar.ts';

const Element = z.strictObject({
  node_id: z.int(),
  backend_node_id: z.int(),
  frame_id: z.null(),
  node_type: z.literal(1),
  node_value: z.string(),
  node_name: z.string(),
  attributes: z.record(z.string(), z.string()),
  x_path: z.string(),
  element_hash: z.int(),
  stable_hash: z.int(),
  bounds: z
    .strictObject({ x: z.number(), y: z.number(), width: z.number(), height: z.number() })
    .nullable(),
  ax_name: z.string().nullable(),
});

const Item = z.strictObject({
  model_output: z
    .strictObject({
      evaluation_previous_goal: z.string(),
      memory: z.string(),
      next_goal: z.string(),
      action: z.array(z.record(z.string(), z.unknown())).min(1),
    })
    .nullable(),
  result: z
    .array(
      z.strictObject({
        is_done: z.boolean(),
        success: z.boolean().optional(),
        extracted_content: z.string().optional(),
      }),
    )
    .min(1),
  state: z.strictObject({
    tabs: z.array(z.strictObject({ url: z.string(), title: z.string(), page_id: z.int() })),
    screenshot_path: z.string().nullable(),
    interacted_element: z.array(Element.nullable()),
    url: z.string(),
    title: z.string(),
  }),
  metadata: z.strictObject({
    step_start_time: z.number(),
    step_end_time: z.number(),
    step_number: z.int(),
    step_interval: z.number().nullable(),
  }),
  state_message: z.null(),
});

const History = z.strictObject({ history: z.array(Item).min(1) });

export type BrowserUseHistory = z.infer<typeof History>;

/** browser-use: the history of an agent for each session, with its pictures in the same archive. */
export const browserUse: Exporter = {
  kinds: [
    {
      folder: '',
      extension: 'tar',
      mediaType: 'application/x-tar',
      isSeparable: true,
      open: () => ({ session: entries, end: () => [{ bytes: tarEnd, records: 0 }] }),
    },
  ],
};

async function* entries(session: ExportSession): AsyncGenerator<Piece> {
  const { sessionId } = session.head;
  const history: z.infer<typeof Item>[] = [];
  let previous: SessionStep | null = null;
  for await (const step of session.steps) {
    const act = actOf(step, previous);
    previous = step;
    if (!act && step.type !== 'NAVIGATION') continue;
    if (!act && history.length > 0) continue; // what an action led to
    const bytes = step.picture && (await session.picture(step.picture));
    const path = bytes ? pathOf(sessionId, step) : null;
    if (bytes && path) yield { bytes: tarEntry(path, bytes), records: 0 };
    history.push(itemOf(history, step, act, path, await session.page(step)));
  }
  const last = history.at(-1);
  if (!last) return;
  last.result = [{ is_done: true, success: true, extracted_content: session.head.task ?? '' }];
  const file = fitting(History, { history }, session);
  yield {
    bytes: tarEntry(`${sessionId}/history.json`, Buffer.from(`${JSON.stringify(file)}\n`)),
    records: 1,
  };
}

function itemOf(
  history: readonly z.infer<typeof Item>[],
  step: SessionStep,
  act: Act | null,
  screenshot_path: string | null,
  page: Page | null,
): z.infer<typeof Item> {
  const [url, title] = [step.before?.url ?? step.url, step.before?.title ?? step.pageTitle ?? ''];
  const at = Date.parse(step.occurredAt) / 1000;
  const before = history.at(-1)?.metadata.step_end_time ?? null;
  const element = act ? elementOf(step, page) : null;
  return {
    model_output: {
      evaluation_previous_goal: '',
      memory: '',
      next_goal: describeInteraction(step),
      action: [
        act ? actionOf(act, element?.backend_node_id ?? 0) : { navigate: { url: step.url } },
      ],
    },
    result: [{ is_done: false }],
    state: {
      tabs: [{ url, title, page_id: 0 }],
      screenshot_path,
      interacted_element: [element],
      url,
      title,
    },
    metadata: {
      step_start_time: at,
      step_end_time: at,
      step_number: history.length + 1,
      step_interval: before === null ? null : Math.max(0, at - before),
    },
    state_message: null,
  };
}

/** browser-use's own actions; it has none for a second or a secondary click. */
function actionOf(act: Act, index: number): Record<string, unknown> {
  switch (act.kind) {
    case 'type':
      return { input: { index, text: act.value, clear: true } };
    case 'select':
      return { select_dropdown: { index, text: act.value } };
    case 'press':
      return { send_keys: { keys: [...act.held, act.key].join('+') } };
    case 'scroll':
      return { scroll: { down: act.y > 0, pages: 1 } };
    default:
      return { click: { index } };
  }
}

function elementOf(step: SessionStep, page: Page | null): z.infer<typeof Element> | null {
  const { target } = step;
  if (!target) return null;
  const found = page?.byRef.get(target.ref ?? '');
  const index = found && page ? page.elements.indexOf(found) : 0;
  const attributes = Object.fromEntries(
    Object.entries(target.attributes ?? {}).filter(([, value]) => value != null),
  );
  const path = step.selectors?.find(({ strategy }) => strategy === 'XPATH')?.value ?? '';
  return {
    node_id: index,
    backend_node_id: index,
    frame_id: null,
    node_type: 1,
    node_value: '',
    node_name: target.tag.toUpperCase(),
    attributes,
    x_path: path.replace(/^\//, ''),
    element_hash: hashOf([path, attributes]),
    stable_hash: hashOf([target.tag, target.role, target.name]),
    bounds: target.rectangle ?? null,
    ax_name: target.name ?? null,
  };
}

/** 48 bits, which every JSON reader keeps. */
function hashOf(value: unknown): number {
  return createHash('sha256').update(JSON.stringify(value)).digest().readUIntBE(0, 6);
}

function pathOf(sessionId: string, { sequence, picture }: SessionStep): string {
  return `${sessionId}/${sequence}.${picture?.mimeType.replace('image/', '') ?? 'webp'}`;
}
