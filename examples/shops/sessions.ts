import { createHash } from 'node:crypto';
import type { Source } from '../../src/client/source.ts';
import type { ScreenshotRecord, SnapshotRecord } from '../../src/contract/image.ts';
import type { InteractionRecord, PageState, Target } from '../../src/contract/interaction.ts';
import type { Page, PageElement } from '../../src/lib/page/element.ts';
import { parsePage } from '../../src/lib/page/parse.ts';
import { selectorsOf } from '../../src/lib/page/selectors-of.ts';
import { textOf } from '../../src/lib/page/text.ts';
import { type Act, errandOf } from './errand.ts';
import { render, titleOf } from './pages.ts';
import { draw, pixelRatio, viewport } from './picture.ts';
import type { Shop } from './shop.ts';
import { shopsA } from './shops-a.ts';
import { shopsB } from './shops-b.ts';
import { type Marked, mark } from './snapshot.ts';
import { addressOf, type Visit } from './visit-state.ts';

export const shops: Shop[] = [...shopsA, ...shopsB];

/** Hosts that are good for testing: they differ most from the others in parts and words. */
export const testHosts = ['mossgarden.example', 'lumenhall.example', 'northframe.example'];

const firstDay = Date.UTC(2026, 9, 5, 8);
const stepMs = 2_000;

/**
 * Sessions of invented errands in shops that exist only as pages, the same ones every time. They are
 * what a recorder would send of a script's visits, except that nothing was measured: boxes and pictures
 * are sketches of a simple layout.
 *
 * @param perShop sessions of each shop
 * @param hosts of which shops; all by default
 */
export function shopSessions({
  perShop,
  hosts = shops.map(({ host }) => host),
}: {
  perShop: number;
  hosts?: readonly string[];
}): Source[] {
  return shops
    .filter(({ host }) => hosts.includes(host))
    .flatMap((shop) => Array.from({ length: perShop }, (_, number) => sessionOf(shop, number)));
}

/** One session; its pictures are drawn when they are asked for the first time. */
export function sessionOf(shop: Shop, number: number): Source {
  const place = shops.indexOf(shop) * 1_000 + number;
  const startMs = firstDay + place * 3_600_000;
  const at = (step: number, ms = 0) => new Date(startMs + step * stepMs + ms).toISOString();
  const idOf = (what: string) => makeId(startMs, `${shop.host}/${number}/${what}`);
  const { task, acts, visit } = errandOf(shop, number);

  const interactions: InteractionRecord[] = [];
  const snapshots: SnapshotRecord[] = [];
  const pages = new Map<string, string>();
  const shots: { id: string; sequence: number; view: Marked; scrollY: number; url: string }[] = [];
  const add = (
    record: Omit<
      InteractionRecord,
      'id' | 'sequence' | 'occurredAt' | 'sessionTimeMs' | 'confidence' | 'frame'
    >,
  ) => {
    const sequence = interactions.length + 1;
    interactions.push({
      id: idOf(`interaction/${sequence}`),
      sequence,
      occurredAt: at(sequence),
      sessionTimeMs: sequence * stepMs,
      frame: [],
      confidence: 1,
      ...record,
    });
  };
  const arrive = () =>
    add({
      type: 'NAVIGATION',
      url: addressOf(shop, visit),
      pageTitle: titleOf(shop, visit),
      selectors: [],
    });

  arrive();
  for (const act of acts) {
    const sequence = interactions.length + 1;
    const url = addressOf(shop, visit);
    const title = titleOf(shop, visit);
    const view = mark(render(shop, visit));
    const page = parsePage(view.html);
    const ref = view.refs.get(act.on);
    const element = page.byRef.get(ref ?? '');
    if (!ref || !element)
      throw new Error(`expected ${act.on} on ${url} of errand ${number}, found none`);
    const box = view.boxes.get(ref);
    const scrollY =
      box && box.y > viewport.height - 80 ? Math.round(box.y - viewport.height / 2) : 0;
    const snapshotId = idOf(`snapshot/${sequence}`);
    const screenshotId = idOf(`screenshot/${sequence}`);
    const bytes = Buffer.from(view.html);
    pages.set(snapshotId, view.html);
    snapshots.push({
      id: snapshotId,
      interactionSequence: sequence,
      capturedAt: at(sequence, -120),
      url,
      title,
      bytes: bytes.length,
      sha256: sha256Of(bytes),
    });
    shots.push({ id: screenshotId, sequence, view, scrollY, url });
    Object.assign(visit, act.changes(visit));
    const state = (of: { url: string; title: string; scrollY: number }): PageState => ({
      ...of,
      scrollX: 0,
      viewportWidth: viewport.width,
      viewportHeight: viewport.height,
      devicePixelRatio: pixelRatio,
    });
    add({
      type: act.type,
      url,
      pageTitle: title,
      target: targetOf(page, element, act, view, scrollY),
      selectors: selectorsOf(page, element),
      value: act.value ?? null,
      key: act.key ?? null,
      before: { ...state({ url, title, scrollY }), snapshotId, screenshotId, frameAgeMs: 120 },
      after: {
        ...state({ url: addressOf(shop, visit), title: titleOf(shop, visit), scrollY: 0 }),
        screenshotId: idOf(`screenshot/${nextAct(sequence, url, visit, shop)}`),
      },
    });
    if (addressOf(shop, visit) !== url) arrive();
  }
  const last = interactions.length + 1;
  shots.push({
    id: idOf(`screenshot/${last}`),
    sequence: last - 1,
    view: mark(render(shop, visit)),
    scrollY: 0,
    url: addressOf(shop, visit),
  });

  const drawn = new Map<string, Promise<Buffer>>();
  const pictureOf = (id: string): Promise<Buffer> => {
    const shot = shots.find((one) => one.id === id);
    if (!shot) throw new Error(`expected a picture ${id}, there is none`);
    const known = drawn.get(id) ?? draw(shot.view, shot.scrollY);
    drawn.set(id, known);
    return known;
  };
  return {
    head: {
      id: idOf('session'),
      kind: 'AUTOMATED',
      task,
      startUrl: `https://${shop.host}/`,
      startedAt: at(0),
      endedAt: at(last + 1),
      client: { name: 'codesight-generated', version: '1', shop: shop.name },
    },
    async *interactions() {
      yield* interactions;
    },
    async *screenshots() {
      for (const { id, sequence, scrollY, url } of shots) {
        const bytes = await pictureOf(id);
        const isLast = sequence === last - 1 && id === idOf(`screenshot/${last}`);
        const record: ScreenshotRecord = {
          id,
          trigger: isLast ? 'SESSION_END' : 'BEFORE_ACTION',
          interactionSequence: sequence,
          capturedAt: at(sequence, isLast ? 600 : -120),
          frameAgeMs: isLast ? null : 120,
          url,
          width: viewport.width * pixelRatio,
          height: viewport.height * pixelRatio,
          devicePixelRatio: pixelRatio,
          scrollX: 0,
          scrollY,
          mimeType: 'image/webp',
          bytes: bytes.length,
          sha256: sha256Of(bytes),
          masks: [],
        };
        yield record;
      }
    },
    async *snapshots() {
      yield* snapshots;
    },
    bytesOf: async ({ id }) => {
      const html = pages.get(id);
      return html === undefined ? pictureOf(id) : Buffer.from(html);
    },
  };
}

/** Sequence of the picture that shows what an act led to: the next act's own, or the last one. */
function nextAct(sequence: number, url: string, visit: Visit, shop: Shop): number {
  return sequence + (addressOf(shop, visit) === url ? 1 : 2);
}

function targetOf(
  page: Page,
  element: PageElement,
  act: Act,
  view: Marked,
  scrollY: number,
): Target {
  const { tag, role, name, ref, attributes } = element;
  const box = view.boxes.get(ref ?? '');
  const isField = /^(?:input|select|textarea)$/.test(tag);
  const kept = Object.entries(attributes).filter(([key]) => !key.startsWith('data-cs-'));
  return {
    tag,
    role,
    name: name || null,
    text: isField ? null : textOf(element).slice(0, 300) || null,
    value: isField ? (act.value ?? element.value ?? null) : null,
    attributes: Object.fromEntries(kept),
    rectangle: box ? { ...box, y: box.y - scrollY } : null,
    isVisible: page.byRef.has(ref ?? ''),
    ref,
  };
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A UUIDv7 of an instant, the same for the same name. */
function makeId(atMs: number, name: string): string {
  const hash = createHash('sha256').update(name).digest('hex');
  const time = atMs.toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(hash.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${hash.slice(0, 3)}-${variant}${hash.slice(4, 7)}-${hash.slice(8, 20)}`;
}
