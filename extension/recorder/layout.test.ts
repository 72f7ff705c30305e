import { expect, test } from 'vitest';
import type { Mask } from '../../src/contract/image.ts';
import type { FramePlace, Look } from '../page.ts';
import { type FrameLook, isSteady, layOut, unite } from './layout.ts';

const aMask = (x: number, y: number): Mask => ({ x, y, width: 50, height: 20, kind: 'PERSONAL' });
const aPlace = (index: number, more: Partial<FramePlace> = {}): FramePlace => ({
  index,
  name: null,
  url: null,
  selector: `#frame${index}`,
  x: 100,
  y: 200,
  width: 300,
  height: 150,
  ...more,
});
const aLook = (
  masks: Mask[] = [],
  frames: FramePlace[] = [],
  scrollY = 0,
  zoom: Look['zoom'] = { scale: 1, x: 0, y: 0 },
): Look => ({
  state: {
    url: 'https://shop.example/',
    scrollX: 0,
    scrollY,
    viewportWidth: 1280,
    viewportHeight: 800,
  },
  zoom,
  masks,
  frames,
  unseen: { closedShadowRoots: 0, canvases: 0 },
});
const aFrame = (frameId: number, look: Look | null, more: Partial<FrameLook> = {}): FrameLook => ({
  frameId,
  parentFrameId: frameId === 0 ? -1 : 0,
  documentId: `document ${frameId}`,
  path: [],
  url: 'https://shop.example/frame',
  isExcluded: false,
  look,
  ...more,
});

test('masks of a frame are where the frame is, and no larger than what is seen of it', () => {
  const layout = layOut([
    aFrame(0, aLook([], [aPlace(0)])),
    aFrame(7, aLook([aMask(10, 10), aMask(280, 140)]), { path: [0] }),
  ]);

  expect(layout?.masks).toEqual([
    { ...aMask(110, 210) },
    { ...aMask(380, 340), width: 20, height: 10 },
  ]);
  expect(layout?.places.get(7)).toMatchObject({
    x: 100,
    y: 200,
    steps: [{ index: 0, selector: '#frame0' }],
  });
});

test('a frame that does not answer is masked whole', () => {
  const layout = layOut([aFrame(0, aLook([], [aPlace(0)])), aFrame(7, null, { path: [0] })]);

  expect(layout?.masks).toEqual([{ x: 100, y: 200, width: 300, height: 150, kind: 'EXCLUDED' }]);
});

test('so is one that nobody knows, and one of an excluded site with all that is in it', () => {
  const layout = layOut([
    aFrame(0, aLook([], [aPlace(0), aPlace(1, { x: 500 })])),
    aFrame(8, aLook([aMask(0, 0)], [aPlace(0)]), { path: [1], isExcluded: true }),
    aFrame(9, aLook([aMask(0, 0)]), { parentFrameId: 8, path: [1, 0] }),
  ]);

  expect(layout?.masks.map(({ kind, x }) => [kind, x])).toEqual([
    ['EXCLUDED', 100],
    ['EXCLUDED', 500],
  ]);
});

test('frames in shadow roots are told apart by their address, or masked whole', () => {
  const [a, b] = [
    aPlace(-1, { url: 'https://a.example/' }),
    aPlace(-1, { url: 'https://b.example/', x: 500 }),
  ];
  const look = aLook([aMask(0, 0)]);
  const inRoot = (frameId: number, url: string) => aFrame(frameId, look, { path: [-1], url });

  const told = layOut([
    aFrame(0, aLook([], [a, b])),
    inRoot(1, 'https://b.example/'),
    inRoot(2, 'https://a.example/'),
  ]);
  const alike = layOut([
    aFrame(0, aLook([], [a, a])),
    inRoot(1, 'https://a.example/'),
    inRoot(2, 'https://a.example/'),
  ]);

  expect(told?.places.get(1)?.x).toBe(500);
  expect(told?.masks.map(({ kind }) => kind)).toEqual(['PERSONAL', 'PERSONAL']);
  expect(alike?.masks.map(({ kind }) => kind)).toEqual(['EXCLUDED', 'EXCLUDED']);
});

test('a frame in a frame is shifted by both', () => {
  const layout = layOut([
    aFrame(0, aLook([], [aPlace(0)])),
    aFrame(1, aLook([], [aPlace(0, { x: 10, y: 20 })]), { path: [0] }),
    aFrame(2, aLook([aMask(1, 2)]), { path: [0, 0], parentFrameId: 1 }),
  ]);

  expect(layout?.masks).toEqual([aMask(111, 222)]);
  expect(layout?.places.get(2)?.steps).toHaveLength(2);
});

test('nothing can be said of a page whose top does not answer', () => {
  expect(layOut([aFrame(0, null)])).toBeNull();
});

test('masks from before and after are united, equal ones once', () => {
  expect(unite([aMask(1, 1), aMask(2, 2)], [aMask(2, 2), aMask(3, 3)])).toHaveLength(3);
});

test('a page is steady when nothing scrolled, came or went', () => {
  const frames = [aFrame(0, aLook()), aFrame(1, aLook(), { path: [0] })];

  expect(isSteady(frames, structuredClone(frames))).toBe(true);
  expect(isSteady(frames, [aFrame(0, aLook()), aFrame(1, aLook([], [], 40), { path: [0] })])).toBe(
    false,
  );
  expect(isSteady(frames, [aFrame(0, aLook())])).toBe(false);
  expect(isSteady(frames, [aFrame(0, aLook()), aFrame(1, aLook(), { documentId: 'new' })])).toBe(
    false,
  );
});

test('masks of a pinched page are where the picture shows what they hide', () => {
  const zoom = { scale: 2, x: 100, y: 50 };

  const layout = layOut([
    aFrame(0, aLook([aMask(120, 60), aMask(0, 0), aMask(90, 60)], [], 0, zoom)),
  ]);

  expect(layout?.masks).toEqual([
    { x: 40, y: 20, width: 100, height: 40, kind: 'PERSONAL' },
    { x: 0, y: 20, width: 80, height: 40, kind: 'PERSONAL' }, // its left part is beside the picture
  ]);
});

test('a page that is pinched between two looks is not steady', () => {
  const zoom = { scale: 1.5, x: 0, y: 0 };

  expect(isSteady([aFrame(0, aLook())], [aFrame(0, aLook())])).toBe(true);
  expect(isSteady([aFrame(0, aLook())], [aFrame(0, aLook([], [], 0, zoom))])).toBe(false);
});
