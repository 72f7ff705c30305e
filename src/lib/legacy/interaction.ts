import * as z from 'zod';
import {
  type InteractionRecord,
  type Modifiers,
  type PageState,
  type Pointer,
  Rectangle,
  type Target,
} from '../../contract/interaction.ts';
import { limits } from '../../contract/limits.ts';
import { eventTypeOf } from './event-type.ts';
import { isJsonObject, type JsonObject, type Path } from './json.ts';
import { type Remains, remainsOf } from './remains.ts';
import { isCss, takeSelectors } from './selectors.ts';
import { shortText } from './text.ts';
import { isExactInstant } from './times.ts';

export type LegacyInteraction = InteractionRecord & {
  context: { assumed?: Record<string, string>; legacy: JsonObject };
};

/** What an event gets from its session and its neighbours. */
export type Place = {
  id: string;
  sequence: number;
  /** Milliseconds since 1970. */
  occurredAt: number;
  /** Milliseconds since 1970. */
  startedAt: number;
  url: string;
  /** What was not said by the event itself and where it was taken from, e.g. `{ url: 'next event' }`. */
  assumed: Record<string, string>;
};

/** JSON of all attributes of one target, so that the rest of the record keeps room in the limit. */
const MAX_ATTRIBUTE_CHARS = 8_192;
/** Largest `sessionTimeMs`: the database keeps 32 bits, 24.8 days. */
const MAX_SESSION_TIME = 2 ** 31 - 1;

const Length = z.number().min(-1e9).max(1e9); // far outside every page; the database keeps 32-bit floats
const Share = z.number().min(0).max(1);

const urlPaths: Path[] = [
  ['context', 'url'],
  ['metadata', 'pageUrl'],
  ['url'],
  ['state', 'before', 'url'],
];
const titlePaths: Path[] = [
  ['context', 'pageTitle'],
  ['metadata', 'pageTitle'],
];

/** The address that the event itself gives, or `null` when it gives none that parses. */
export function urlOf(event: JsonObject): string | null {
  const { peek } = remainsOf(event);
  const url = urlPaths.map(peek).find((value) => typeof value === 'string' && URL.canParse(value));
  return typeof url === 'string' ? shortText(url, limits.urlChars) : null;
}

/**
 * A legacy event as the contract says it, and what was assumed for it. Consumes `event`.
 *
 * What has a place in the contract is moved there, unchanged where the contract allows; everything else,
 * and what had to be changed, stays at its old path under `context.legacy`. Two are always kept: the old
 * `sequence`, and `interaction.screenshotId`, because the file has no images. The record may be over
 * `limits.interactionChars`.
 */
export function interactionOf(
  event: JsonObject,
  place: Place,
): { record: LegacyInteraction; assumed: Record<string, string> } {
  const remains = remainsOf(event);
  const type = eventTypeOf(remains.peek(['type']));
  remains.dropEqual([['type']], type);
  remains.dropEqual([['id']], place.id);
  if (isExactInstant(remains.peek(['timestamp']), place.occurredAt)) remains.drop(['timestamp']);

  const [sessionTimeMs, counted] = takeSessionTime(remains, place);
  const assumed = { ...place.assumed, ...(counted && { sessionTimeMs: counted }) };
  const before = takePageState(remains, 'before');
  const isVisible = remains.take([['visual', 'isInViewport']], z.boolean());
  const record = {
    id: place.id,
    sequence: place.sequence,
    type,
    occurredAt: new Date(place.occurredAt).toISOString(),
    sessionTimeMs,
    url: place.url,
    pageTitle: remains.takeText(titlePaths, limits.nameChars) ?? before?.title ?? null,
    modifiers: takeModifiers(remains),
    isVisible,
    confidence: remains.take([['interaction', 'confidence']], Share) ?? 1,
    frame: [],
    target: takeTarget(remains, isVisible),
    selectors: takeSelectors(remains),
    pointer: takePointer(remains),
    key: remains.take(valuePaths('key'), z.string().max(64)),
    value: remains.takeText(valuePaths('value'), 4_096),
    before,
    after: takePageState(remains, 'after'),
  };
  remains.dropEqual(urlPaths, record.url);
  if (record.pageTitle) remains.dropEqual(titlePaths, record.pageTitle);
  const isAssumed = Object.keys(assumed).length > 0;
  const context = { ...(isAssumed && { assumed }), legacy: remains.rest() };
  return { record: { ...record, context }, assumed };
}

function valuePaths(name: 'key' | 'value' | 'button'): Path[] {
  return [
    ['interaction', name],
    ['action', name],
  ];
}

/** From the event, else counted from the start of the session, never below 0, and said so. */
function takeSessionTime(
  remains: Remains,
  { occurredAt, startedAt }: Place,
): [ms: number, counted: string | null] {
  const said = remains.take([['sessionTime']], z.int().min(0).max(MAX_SESSION_TIME));
  if (said !== null) return [Math.abs(said), null]; // JSON can say -0
  const near = remains.peek(['sessionTime']);
  if (typeof near === 'number' && near > 0 && near <= MAX_SESSION_TIME) {
    return [Math.floor(near), null];
  }
  const counted = occurredAt - startedAt;
  const kept = Math.min(MAX_SESSION_TIME, Math.max(0, counted));
  if (kept === counted) return [kept, 'the start of the session'];
  return [kept, `the start of the session (${counted} ms, within the limits ${kept})`];
}

function takeTarget(remains: Remains, isVisible: boolean | null): Target | null {
  const tagPaths: Path[] = [
    ['element', 'tag'],
    ['element', 'tagName'],
    ['elementDetails', 'tag'],
  ];
  const tag = tagPaths.map(remains.peek).find((value) => typeof value === 'string');
  if (typeof tag !== 'string' || tag.length > 128) return null;
  if (tag === tag.toLowerCase()) remains.dropEqual(tagPaths, tag);

  const attributes = takeAttributes(remains);
  const nameOf = (key: string) => {
    const text = attributes && Object.hasOwn(attributes, key) ? attributes[key] : undefined;
    return text ? shortText(text, limits.nameChars) : null;
  };
  return {
    tag: tag.toLowerCase().slice(0, 128), // lower case can be longer than upper case
    role: nameOf('role'),
    name: nameOf('aria-label') ?? nameOf('alt'),
    text: remains.takeText(
      [
        ['element', 'text'],
        ['elementDetails', 'text'],
      ],
      4_096,
    ),
    value: remains.takeText([['element', 'value']], 4_096),
    attributes,
    rectangle: takeRectangle(remains),
    isVisible,
  };
}

function takeAttributes(remains: Remains): Record<string, string> | null {
  const all = remains.peek(['element', 'attributes']);
  if (!isJsonObject(all)) return null;
  const taken: [string, string][] = [];
  let chars = 0;
  for (const [name, value] of Object.entries(all)) {
    if (typeof value !== 'string' || name === '__proto__') continue; // Zod drops a key of that name
    const size = JSON.stringify(name).length + JSON.stringify(value).length + 2;
    if (chars + size > MAX_ATTRIBUTE_CHARS) continue;
    chars += size;
    taken.push([name, value]);
    remains.dropEqual(
      [
        ['element', 'attributes', name],
        ['elementDetails', 'attributes', name],
      ],
      value,
    );
  }
  return taken.length > 0 ? Object.fromEntries(taken) : null;
}

function takeRectangle(remains: Remains): Rectangle | null {
  const box: Path = ['visual', 'boundingBox'];
  const rectangle = Rectangle.safeParse(remains.peek(box)).data;
  if (!rectangle) return null;
  for (const side of Object.keys(rectangle)) remains.drop([...box, side]);
  return rectangle;
}

function takePointer(remains: Remains): Pointer | null {
  const at = (side: string) => remains.take([['visual', 'coordinates', side]], Length);
  const pointer = {
    clientX: at('clientX'),
    clientY: at('clientY'),
    pageX: at('pageX'),
    pageY: at('pageY'),
    offsetX: at('offsetX'),
    offsetY: at('offsetY'),
    button: remains.take(valuePaths('button'), z.int().min(0).max(32)),
  };
  return presentOr(pointer);
}

function takeModifiers(remains: Remains): Modifiers | null {
  const key = (name: string) => remains.take([['interaction', 'modifiers', name]], z.boolean());
  return presentOr({
    alt: key('altKey'),
    control: key('ctrlKey'),
    meta: key('metaKey'),
    shift: key('shiftKey'),
  });
}

function takePageState(remains: Remains, when: 'before' | 'after'): PageState | null {
  const state = (...path: string[]): Path => ['state', when, ...path];
  // The recorder said the viewport three times, all of it before the action.
  const elsewhere: Path[] = [
    ['visual', 'viewport'],
    ['metadata', 'viewport'],
  ];
  const viewport = (side: string): Path[] => [
    state('viewport', side),
    ...(when === 'before' ? elsewhere.map((path) => [...path, side]) : []),
  ];
  const focused = remains.peek(state('activeElement', 'selector'));
  const isSelector =
    typeof focused === 'string' && focused.length <= limits.selectorChars && isCss(focused);

  return presentOr({
    url: remains.takeText([state('url')], limits.urlChars),
    title: remains.takeText([state('title')], limits.nameChars),
    scrollX: remains.take([state('scrollPosition', 'x'), ...viewport('scrollX')], Length),
    scrollY: remains.take([state('scrollPosition', 'y'), ...viewport('scrollY')], Length),
    viewportWidth: remains.take(viewport('width'), Length),
    viewportHeight: remains.take(viewport('height'), Length),
    devicePixelRatio: remains.take(viewport('devicePixelRatio'), Length),
    activeElement: isSelector
      ? remains.take([state('activeElement', 'selector')], z.string())
      : null,
    visibleElements: remains.take(
      [state('visibleElements')],
      z
        .int()
        .min(0)
        .max(2 ** 31 - 1),
    ),
  });
}

/** `null` when every field is. */
function presentOr<T extends object>(value: T): T | null {
  return Object.values(value).some((field) => field !== null) ? value : null;
}
