import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, onTestFinished } from 'vitest';
import type { Mask, ScreenshotRecord, SnapshotRecord } from '../src/contract/image.ts';
import type { InteractionRecord } from '../src/contract/interaction.ts';
import type { SessionRecord } from '../src/contract/recording.ts';
import type { SessionState, Stage, StepState } from '../src/generated/prisma/enums.ts';
import type { Viewer } from '../src/graphql/context.ts';
import { newId } from '../src/lib/ids.ts';
import { parsePage } from '../src/lib/page/parse.ts';
import { seededRandom } from '../src/lib/page/random.ts';
import type { App } from '../src/platform/app.ts';
import type { JobDefinition, JobRun, Link } from '../src/platform/queue.ts';
import { routes } from '../src/routes.ts';
import { recordScreenshots, recordSnapshots } from '../src/sessions/announce.ts';
import { recordInteractions } from '../src/sessions/ingest.ts';
import { type EndInput, endSession } from '../src/sessions/lifecycle.ts';
import { readScreenshotBytes } from '../src/sessions/objects.ts';
import type { IncomingInteraction } from '../src/sessions/prepare.ts';
import { openSession } from '../src/sessions/session-keys.ts';
import type { UploadSlots } from '../src/sessions/slots.ts';
import { startSession } from '../src/sessions/start.ts';
import { openTestApp } from './app.ts';
import { aChange } from './sessions.ts';

type Picture = { record: ScreenshotRecord; bytes: Buffer };
type PageCopy = { record: SnapshotRecord; html: string };

/** A whole session as a recorder made it. */
export type Recorded = {
  head: SessionRecord & { endedAt: string };
  interactions: InteractionRecord[];
  screenshots: Picture[];
  snapshots: PageCopy[];
};

const firstAt = Date.UTC(2026, 0, 2, 3, 4, 5);
const words =
  'alpine amber basalt birch canyon cedar cliff coast delta dune ember fern fjord glacier granite grove harbor heath island ivory'.split(
    ' ',
  );
const kinds = ['jacket', 'tent', 'boots', 'stove', 'lamp', 'rope'];

/**
 * A session in a shop: every step has its own page, a picture before and one after it. The same seed
 * gives the same session, ids included.
 *
 * @param steps actions; a NAVIGATION comes before them
 * @param products on the largest page, which makes stages take longer
 * @param pictures whether there are any
 * @param masks boxes of each picture, painted red in it as if they were secrets
 */
export async function makeRecorded({
  seed = 'shop',
  steps = 12,
  products = 24,
  pictures = true,
  masks = [],
  size = { width: 640, height: 400 },
  devicePixelRatio = 1,
  task = 'Find something for the trip and put it into the cart',
}: {
  seed?: string;
  steps?: number;
  products?: number;
  pictures?: boolean;
  masks?: Mask[];
  size?: { width: number; height: number };
  devicePixelRatio?: number;
  task?: string | null;
} = {}): Promise<Recorded> {
  const idOf = (what: string) => uuidOf(`${seed}/${what}`);
  const at = (step: number, ms = 0) => new Date(firstAt + step * 2_000 + ms).toISOString();
  const url = (step: number) => `https://shop.example/page/${step}`;
  const bytes = pictures ? await drawPage({ ...size, devicePixelRatio, masks }) : Buffer.alloc(0);
  const recorded: Recorded = {
    head: {
      id: idOf('session'),
      kind: 'HUMAN',
      task,
      startUrl: 'https://shop.example/',
      startedAt: at(0),
      endedAt: at(steps + 2),
      client: { name: 'test', version: '1' },
    },
    interactions: [
      {
        id: idOf('interaction/1'),
        sequence: 1,
        type: 'NAVIGATION',
        occurredAt: at(1),
        sessionTimeMs: 2_000,
        url: 'https://shop.example/',
        pageTitle: 'Outdoor shop',
        frame: [],
        selectors: [],
        confidence: 1,
      },
    ],
    screenshots: [],
    snapshots: [],
  };
  for (let sequence = 2; sequence <= steps + 1; sequence += 1) {
    const random = seededRandom(`${seed}/${sequence}`);
    const html = drawHtml(random, sequence, products);
    const snapshotId = idOf(`snapshot/${sequence}`);
    const shoot = (trigger: 'BEFORE_ACTION' | 'AFTER_ACTION', ms: number): string | null => {
      if (!pictures) return null;
      const id = idOf(`${trigger}/${sequence}`);
      const record = {
        id,
        trigger,
        interactionSequence: sequence,
        capturedAt: at(sequence, ms),
        frameAgeMs: trigger === 'BEFORE_ACTION' ? -ms : null,
        url: url(sequence),
        width: size.width * devicePixelRatio,
        height: size.height * devicePixelRatio,
        devicePixelRatio,
        scrollX: 0,
        scrollY: 0,
        mimeType: 'image/png' as const,
        bytes: bytes.length,
        sha256: sha256Of(bytes),
        masks,
      };
      recorded.screenshots.push({ record, bytes });
      return id;
    };
    recorded.snapshots.push({
      html,
      record: {
        id: snapshotId,
        interactionSequence: sequence,
        capturedAt: at(sequence, -100),
        url: url(sequence),
        title: `Outdoor shop, page ${sequence}`,
        bytes: Buffer.byteLength(html),
        sha256: sha256Of(html),
      },
    });
    recorded.interactions.push({
      id: idOf(`interaction/${sequence}`),
      sequence,
      occurredAt: at(sequence),
      sessionTimeMs: sequence * 2_000,
      url: url(sequence),
      pageTitle: `Outdoor shop, page ${sequence}`,
      frame: [],
      confidence: 1,
      before: {
        snapshotId,
        screenshotId: shoot('BEFORE_ACTION', -100),
        frameAgeMs: pictures ? 100 : null,
      },
      after: { screenshotId: shoot('AFTER_ACTION', 400) },
      ...actOn(html, random),
    });
  }
  return recorded;
}

/** Starts, sends and uploads everything, and does not end it. Answers with the id of the session. */
export async function sendRecorded(app: App, viewer: Viewer, recorded: Recorded): Promise<string> {
  const { endedAt, ...head } = recorded.head;
  const { id: sessionId } = await startSession(app, viewer, head);
  for (const interactions of inPartsOf(100, recorded.interactions))
    await recordInteractions(app, viewer, {
      sessionId,
      interactions: interactions.map(asIncoming),
      tombstones: [],
    });
  const bytes = new Map<string, Buffer | string>([
    ...recorded.screenshots.map((one) => [one.record.id, one.bytes] as const),
    ...recorded.snapshots.map((one) => [one.record.id, one.html] as const),
  ]);
  const origin = await openDoor(app);
  const put = async ({ slots, rejected }: UploadSlots) => {
    expect(rejected).toEqual([]);
    for (const { id, url } of slots) {
      const body = new Uint8Array(Buffer.from(bytes.get(id) ?? ''));
      const { status } = await fetch(`${origin}${url}`, { method: 'PUT', body });
      expect(status).toBe(204);
    }
  };
  for (const screenshots of inPartsOf(
    50,
    recorded.screenshots.map(({ record }) => record),
  ))
    await put(await recordScreenshots(app, viewer, { sessionId, screenshots }));
  for (const snapshots of inPartsOf(
    50,
    recorded.snapshots.map(({ record }) => record),
  ))
    await put(await recordSnapshots(app, viewer, { sessionId, snapshots }));
  return sessionId;
}

/** Ends a session that was sent. */
export async function endRecorded(
  app: App,
  viewer: Viewer,
  recorded: Recorded,
  more: Partial<EndInput> = {},
): Promise<void> {
  await endSession(app, viewer, {
    ...aChange(recorded.head.id),
    endedAt: new Date(recorded.head.endedAt),
    lastSequence: recorded.interactions.length,
    screenshotCount: recorded.screenshots.length,
    snapshotCount: recorded.snapshots.length,
    dropped: [],
    hold: false,
    ...more,
  });
}

/** An app whose worker runs these links. A job is tried twice, a second apart. */
export async function openWorkingApp(
  pipeline: Link[],
  env: Record<string, string> = {},
  others: JobDefinition[] = [],
): Promise<App> {
  const app = await openTestApp({
    pipeline,
    others,
    env: { MAX_RETRIES: '1', RETRY_DELAY_SECONDS: '1', ...env },
  });
  await app.queue.work(app);
  return app;
}

/** An attempt that the queue knows nothing of, for running a stage at a moment of the test's choice. */
export function aRun(more: Partial<JobRun> = {}): JobRun {
  return {
    id: newId(),
    attempt: 1,
    isLastAttempt: false,
    signal: new AbortController().signal,
    finish: async () => undefined,
    ...more,
  };
}

/** The whole way in: from the start of the recording to its end. */
export async function playRecorded(
  app: App,
  viewer: Viewer,
  recorded: Recorded,
  more: Partial<EndInput> = {},
): Promise<string> {
  const sessionId = await sendRecorded(app, viewer, recorded);
  await endRecorded(app, viewer, recorded, more);
  return sessionId;
}

/** Waits until the session is in a state, at most 25 seconds; a stage that failed instead says why. */
export async function until(app: App, sessionId: string, wanted: SessionState): Promise<void> {
  let said = '';
  await expect
    .poll(
      async () => {
        const session = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
        said = `${session.state}${session.reason ? `: ${session.reason}` : ''}`;
        return session.state === wanted || (session.state === 'FAILED' && said);
      },
      { timeout: 25_000, interval: 50 },
    )
    .not.toBe(false);
  expect(said).toMatch(new RegExp(`^${wanted}`));
}

/** Waits until a stage is in a state, at most 25 seconds. */
export async function untilStep(
  app: App,
  sessionId: string,
  stage: Stage,
  state: StepState,
): Promise<void> {
  const where = { sessionId_stage: { sessionId, stage } };
  await expect
    .poll(async () => (await app.db.processingStep.findUnique({ where }))?.state, {
      timeout: 25_000,
      interval: 25,
    })
    .toBe(state);
}

/** Files of a session on the disk, below the folder of objects. */
export async function filesOf(app: App, sessionId: string): Promise<string[]> {
  const { projectId } = await app.db.session.findUniqueOrThrow({ where: { id: sessionId } });
  const folder = join(app.config.dataDir, 'objects', 'objects', projectId, sessionId);
  const files = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return files.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** The plain bytes of a stored picture. */
export async function pictureOf(app: App, id: string): Promise<Buffer> {
  const { sessionId, objectKey } = await app.db.screenshot.findUniqueOrThrow({ where: { id } });
  const access = await openSession(app, sessionId);
  if (!access || !objectKey) throw new Error(`Expected a stored picture ${id}, found none.`);
  return readScreenshotBytes(app, access.key, { id, objectKey });
}

/** Steps of a session as `STAGE STATE`, in order. */
export async function stepsOf(app: App, sessionId: string): Promise<string[]> {
  const rows = await app.db.processingStep.findMany({
    where: { sessionId },
    orderBy: { stage: 'asc' },
  });
  return rows.map(({ stage, state }) => `${stage} ${state}`);
}

const doors = new WeakMap<App, Promise<string>>();

/** The server's door for objects on a free port, one for each app; answers with its origin. */
export function openDoor(app: App): Promise<string> {
  let door = doors.get(app);
  if (!door) {
    door = serveDoor(app);
    doors.set(app, door);
  }
  return door;
}

async function serveDoor(app: App): Promise<string> {
  const server = createServer(
    (request, response) => void routes['/objects']?.(app, request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * A page as pixels: a shaded head, text in lines, and every mask filled with red. PNG as browsers make
 * it, with little effort.
 */
export async function drawPage({
  width,
  height,
  devicePixelRatio = 1,
  masks = [],
}: {
  width: number;
  height: number;
  devicePixelRatio?: number;
  masks?: Mask[];
}): Promise<Buffer> {
  const random = seededRandom('pixels');
  const [wide, high] = [width * devicePixelRatio, height * devicePixelRatio];
  const pixels = Buffer.alloc(wide * high * 3, 250);
  const fill = (left: number, top: number, right: number, bottom: number, rgb: number[]) => {
    for (let y = Math.max(0, top); y < Math.min(high, bottom); y += 1)
      for (let x = Math.max(0, left); x < Math.min(wide, right); x += 1)
        for (const channel of [0, 1, 2]) pixels[(y * wide + x) * 3 + channel] = rgb[channel] ?? 0;
  };
  for (let y = 0; y < high / 4; y += 1)
    for (let x = 0; x < wide; x += 1)
      fill(x, y, x + 1, y + 1, [40 + (x * 60) / wide, 90 + (y * 100) / high, 160]);
  for (let y = Math.round(high / 3); y < high - 12; y += 18)
    for (let x = 20; x < wide - 20; x += 4 + Math.floor(random() * 6))
      fill(x, y, x + 2, y + 4 + Math.floor(random() * 6), [60, 60, 66]);
  for (const mask of masks) {
    const [left, top] = [mask.x * devicePixelRatio, mask.y * devicePixelRatio];
    fill(
      left,
      top,
      left + mask.width * devicePixelRatio,
      top + mask.height * devicePixelRatio,
      [230, 20, 20],
    );
  }
  return sharp(pixels, { raw: { width: wide, height: high, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Pixels of a picture by place; red ones are what {@link drawPage} paints secrets with. */
export async function readPixels(bytes: Uint8Array) {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number): number[] => {
    const from = (y * info.width + x) * info.channels;
    return [...data.subarray(from, from + 3)];
  };
  let red = 0;
  for (let from = 0; from < data.length; from += info.channels)
    if ((data[from] ?? 0) > 150 && (data[from + 1] ?? 255) < 90 && (data[from + 2] ?? 255) < 90)
      red += 1;
  return { width: info.width, height: info.height, at, red };
}

function asIncoming(record: InteractionRecord): IncomingInteraction {
  return { ...structuredClone(record), occurredAt: new Date(record.occurredAt) };
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function drawHtml(random: () => number, step: number, products: number): string {
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const count = 4 + Math.floor(random() * Math.max(1, products - 4));
  const list = Array.from({ length: count }, (_, n) => {
    const name = `${pick(words)} ${pick(kinds)} ${step}.${n}`;
    return `<li data-testid="product-${n}"><h2 data-cs-ref="h${n}">${name}</h2>
      <p data-cs-ref="p${n}">From ${pick(words)}</p>
      <a data-cs-ref="a${n}" href="/p/${n}">Details of ${name}</a>
      <button data-cs-ref="b${n}" data-cs-box="20,${40 + n * 20},90,18">Add ${name}</button></li>`;
  });
  const links = words
    .slice(0, 8)
    .map((word, n) => `<a data-cs-ref="n${n}" href="/${word}">${word}</a>`);
  return `<html><head><title>Outdoor shop, page ${step}</title></head><body><nav>${links.join('')}</nav>
    <label>Search <input type="search" id="q" data-cs-ref="s"></label><ul>${list.join('')}</ul>
    <label>Sort by <select data-cs-ref="o"><option>Price</option><option>Name</option></select></label></body></html>`;
}

/** An action on a control of the page, with selectors that find it. */
function actOn(
  html: string,
  random: () => number,
): Pick<InteractionRecord, 'type' | 'target' | 'selectors' | 'value'> {
  const controls = parsePage(html).elements.filter(({ interactive }) => interactive);
  const { ref, tag, role, name } = controls[
    Math.floor(random() * controls.length)
  ] as (typeof controls)[number];
  const act =
    tag === 'input'
      ? { type: 'INPUT' as const, value: `${words[Math.floor(random() * words.length)]} rope` }
      : tag === 'select'
        ? { type: 'SELECT' as const, value: 'Name' }
        : { type: 'CLICK' as const };
  return {
    ...act,
    target: { tag, role, name, ref, isVisible: true },
    selectors: [
      { strategy: 'ROLE_NAME', value: `${role}[name=${JSON.stringify(name)}]`, matchCount: 1 },
      ...(tag === 'input' ? [{ strategy: 'ID' as const, value: '#q', matchCount: 1 }] : []),
    ],
  };
}

function inPartsOf<T>(size: number, items: T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, part) =>
    items.slice(part * size, (part + 1) * size),
  );
}

/** A UUID of version 8 (RFC 9562), the same for the same words. */
function uuidOf(name: string): string {
  const hash = sha256Of(name);
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
