import type { Mask } from '../../src/contract/image.ts';
import type { FrameStep, PageState, Rectangle } from '../../src/contract/interaction.ts';
import type { FramePath, FramePlace, Look } from '../page.ts';

/** One frame of a tab, and what it answered. */
export type FrameLook = {
  frameId: number;
  /** -1 for the top. */
  parentFrameId: number;
  documentId: string;
  /** `null` when it never said hello. */
  path: FramePath | null;
  /** As masked as the places that its parent names. */
  url: string;
  /** Its site is one that the participant excluded. */
  isExcluded: boolean;
  /** `null` when it did not answer in time. */
  look: Look | null;
};

/** Where a frame stands in the viewport of its tab. */
export type Place = {
  steps: FrameStep[];
  x: number;
  y: number;
  /** What can be seen of it. */
  clip: Rectangle;
};

/** What a tab shows at an instant; rectangles count from the viewport of the tab. */
export type Layout = {
  state: PageState;
  /** As they stand in a picture of it, which shows a part only of a page that was pinched. */
  masks: Mask[];
  /** By frameId; without those that nobody could place. */
  places: Map<number, Place>;
};

/**
 * Puts the answers of all frames of a tab into one. A frame that did not answer, that is excluded or
 * that cannot be told from another is masked whole. Pure.
 *
 * @returns `null` when the top did not answer
 */
export function layOut(frames: FrameLook[]): Layout | null {
  const top = frames.find(({ parentFrameId }) => parentFrameId === -1);
  if (!top?.look || top.isExcluded) return null;
  const { state, zoom } = top.look;
  const width = state.viewportWidth ?? 0;
  const height = state.viewportHeight ?? 0;
  const places = new Map<number, Place>();
  const masks: Mask[] = [];

  const enter = (frame: FrameLook, look: Look, place: Place): void => {
    places.set(frame.frameId, place);
    for (const mask of look.masks) push(masks, mask, mask.kind, place);
    const children = frames.filter(({ parentFrameId }) => parentFrameId === frame.frameId);
    const matches = matchPlaces(look.frames, children);
    for (const [index, inner] of look.frames.entries()) {
      const child = matches.get(inner);
      const below = child && placeIn(place, inner, index);
      if (child?.look && below && !child.isExcluded) enter(child, child.look, below);
      else push(masks, inner, 'EXCLUDED', place);
      // A frame that cannot be entered has a place all the same.
      if (child && below && !places.has(child.frameId)) places.set(child.frameId, below);
    }
  };
  enter(top, top.look, { steps: [], x: 0, y: 0, clip: { x: 0, y: 0, width, height } });
  const shown = masks.flatMap((mask) => zoomed(mask, zoom, { x: 0, y: 0, width, height }));
  return { state, masks: shown, places };
}

/** Masks of both looks; equal ones once. Pure. */
export function unite(before: Mask[], after: Mask[]): Mask[] {
  return [...new Map([...before, ...after].map((mask) => [JSON.stringify(mask), mask])).values()];
}

/**
 * Whether nothing scrolled, loaded, came or went between two looks at a tab, so that the masks of both
 * fit what was seen between them. Pure.
 */
export function isSteady(before: FrameLook[], after: FrameLook[]): boolean {
  if (before.length !== after.length) return false;
  const known = new Map(before.map((frame) => [frame.documentId, frame]));
  return after.every((frame) => {
    const earlier = known.get(frame.documentId);
    if (!earlier || earlier.frameId !== frame.frameId) return false;
    const [a, b] = [earlier.look?.state, frame.look?.state];
    if (!a || !b) return true; // masked whole
    const [zoomBefore, zoomAfter] = [earlier.look?.zoom, frame.look?.zoom];
    return (
      zoomBefore?.scale === zoomAfter?.scale &&
      zoomBefore?.x === zoomAfter?.x &&
      zoomBefore?.y === zoomAfter?.y &&
      a.url === b.url &&
      a.scrollX === b.scrollX &&
      a.scrollY === b.scrollY &&
      a.viewportWidth === b.viewportWidth &&
      a.viewportHeight === b.viewportHeight
    );
  });
}

/** Which frame fills which place. Frames in shadow roots have no index and are told by their address. */
function matchPlaces(places: FramePlace[], children: FrameLook[]): Map<FramePlace, FrameLook> {
  const matches = new Map<FramePlace, FrameLook>();
  const unlisted: FrameLook[] = [];
  for (const child of children) {
    const index = child.path?.at(-1);
    if (index === undefined) continue;
    if (index === -1) unlisted.push(child);
    const place = index === -1 ? undefined : places.find((each) => each.index === index);
    if (place) matches.set(place, child);
  }
  for (const child of unlisted) {
    const fitting = places.filter(({ index, url }) => index === -1 && url === child.url);
    const isAlone = unlisted.filter(({ url }) => url === child.url).length === 1;
    if (fitting.length === 1 && fitting[0] && isAlone) matches.set(fitting[0], child);
  }
  return matches;
}

function placeIn(above: Place, inner: FramePlace, order: number): Place {
  const [x, y] = [above.x + inner.x, above.y + inner.y];
  const step: FrameStep = {
    index: inner.index >= 0 ? inner.index : order,
    name: inner.name,
    url: inner.url,
    selector: inner.selector,
  };
  const box = { x, y, width: inner.width, height: inner.height };
  return { steps: [...above.steps, step], x, y, clip: intersect(box, above.clip) };
}

function push(masks: Mask[], box: Rectangle, kind: Mask['kind'], place: Place): void {
  const moved = { ...box, x: box.x + place.x, y: box.y + place.y };
  masks.push(...maskOver(intersect(moved, place.clip), kind));
}

/** Where a mask stands in the picture; none when it is beside what the picture shows. */
function zoomed({ kind, ...box }: Mask, { scale, x, y }: Look['zoom'], picture: Rectangle): Mask[] {
  const larger = {
    x: (box.x - x) * scale,
    y: (box.y - y) * scale,
    width: box.width * scale,
    height: box.height * scale,
  };
  return maskOver(intersect(larger, picture), kind);
}

/** Rounded outwards, so that no edge of a letter looks out; none when nothing can be seen of it. */
function maskOver({ x, y, width, height }: Rectangle, kind: Mask['kind']): Mask[] {
  if (width <= 0 || height <= 0) return [];
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [right, bottom] = [Math.ceil(x + width), Math.ceil(y + height)];
  return [{ x: left, y: top, width: right - left, height: bottom - top, kind }];
}

function intersect(a: Rectangle, b: Rectangle): Rectangle {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.max(0, Math.min(a.x + a.width, b.x + b.width) - x);
  const height = Math.max(0, Math.min(a.y + a.height, b.y + b.height) - y);
  return { x, y, width, height };
}
