import type { Mask } from '../../src/contract/image.ts';
import { limits } from '../../src/contract/limits.ts';
import type { FramePlace, Look } from '../page.ts';
import { stateOfPage } from './describe.ts';
import { unchangedMs } from './dialogs.ts';
import { everyElement, isInView, isVisible } from './dom.ts';
import { cssOf } from './paths.ts';
import { filledSensitiveFields, findPersonal, learnSecrets, rememberSecret } from './privacy.ts';

export function look(secrets: string[]): Look {
  for (const secret of secrets) rememberSecret(secret);
  learnSecrets();
  const masks = [...fieldMasks(), ...textMasks()];
  return {
    state: stateOfPage(),
    masks: masks.slice(0, limits.masksPerScreenshot),
    frames: [],
    unseen: { closedShadowRoots: 0, canvases: 0 },
  };
}

export async function quietMs(): Promise<number> {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  const isMoving = document.getAnimations().some(({ playState, effect }) => {
    return playState === 'running' && Number.isFinite(effect?.getComputedTiming().endTime);
  });
  return isMoving ? 0 : unchangedMs();
}

export function placeOf(frameElement: unknown): Pick<FramePlace, 'selector' | 'x' | 'y'> {
  const frame = frameElement as HTMLElement;
  const { x, y } = frame.getBoundingClientRect();
  const { paddingLeft, paddingTop } = getComputedStyle(frame);
  return {
    selector: cssOf(frame),
    x: x + frame.clientLeft + Number.parseFloat(paddingLeft),
    y: y + frame.clientTop + Number.parseFloat(paddingTop),
  };
}

function fieldMasks(): Mask[] {
  return filledSensitiveFields().flatMap(({ field, sensitivity }) => {
    const box = field.getBoundingClientRect();
    return isVisible(field) && isInView(box) ? [maskOver(box, sensitivity.mask)] : [];
  });
}

/** Personal data that the page writes out, such as an address to confirm. */
function textMasks(): Mask[] {
  const masks: Mask[] = [];
  for (const element of everyElement(document.body ?? document.documentElement)) {
    for (const node of element.childNodes) {
      if (!(node instanceof Text) || !isVisible(element)) continue;
      for (const { start, end, mask } of findPersonal(node.data)) {
        const range = document.createRange();
        range.setStart(node, start);
        range.setEnd(node, end);
        for (const box of range.getClientRects()) {
          if (isInView(box)) masks.push(maskOver(box, mask));
        }
      }
    }
  }
  return masks;
}

/** Rounded outwards, so that no edge of a letter looks out. */
function maskOver({ x, y, right, bottom }: DOMRect, kind: Mask['kind']): Mask {
  const left = Math.floor(x);
  const top = Math.floor(y);
  return { x: left, y: top, width: Math.ceil(right) - left, height: Math.ceil(bottom) - top, kind };
}
