import type { Page } from 'playwright-core';
import type { ScreenshotTrigger } from '../contract/vocabulary.ts';
import { newId } from '../lib/ids.ts';
import type { Photo } from './camera.ts';

export interface Picture extends Photo {
  id: string;
  trigger: ScreenshotTrigger;
  interactionSequence: number | null;
  burst: { id: string; index: number; total: number } | null;
  /** Against the action it stands before, in milliseconds. */
  frameAgeMs: number | null;
  /** An interaction names it as its before or after. */
  isReferred: boolean;
}

/** A moment at which the page was seen to look like its picture. */
export interface Shot {
  at: number;
  page: Page;
  state: Photo['state'];
  picture: Picture;
}

/**
 * The pictures of a session in the order of time, kept until nothing can refer to them any more.
 *
 * What was seen before an action and is the same, to the byte, as what was seen after the action
 * before it is one picture; so is what an action did not change.
 */
export function openFilm() {
  let shots: Shot[] = [];

  return {
    add(page: Page, photo: Photo, trigger: ScreenshotTrigger): Shot {
      const last = shots.at(-1);
      const known = last?.page === page && isSame(last.picture, photo) ? last.picture : null;
      const picture = known && joined(known, photo, trigger) ? known : newPicture(photo, trigger);
      const shot = { at: photo.at, page, state: photo.state, picture };
      shots.push(shot);
      return shot;
    },

    /** Further pictures of something that was just photographed; those that differ make the burst. */
    addBurst(page: Page, photos: Photo[], trigger: ScreenshotTrigger): void {
      const pictures: Picture[] = [];
      for (const photo of photos) {
        const last = pictures.at(-1);
        const picture = last && isSame(last, photo) ? last : newPicture(photo, trigger);
        if (picture !== last) pictures.push(picture);
        shots.push({ at: photo.at, page, state: photo.state, picture });
      }
      const id = newId();
      pictures.forEach((picture, index) => {
        picture.burst = { id, index, total: pictures.length };
      });
    },

    /** The last look at the page before an instant. */
    before(at: number): Shot | null {
      return shots.findLast((shot) => shot.at <= at) ?? null;
    },

    /** The first look after an instant. */
    after(at: number): Shot | null {
      return shots.find((shot) => shot.at >= at) ?? null;
    },

    /** Says which interaction the pictures of a shot belong to, unless that was said. */
    claim({ picture }: Shot, interactionSequence: number): void {
      const { burst } = picture;
      picture.isReferred = true;
      for (const { picture: each } of shots) {
        const belongs = each === picture || (burst && each.burst?.id === burst.id);
        if (belongs) each.interactionSequence ??= interactionSequence;
      }
    },

    /**
     * Hands out the pictures that no interaction from `horizon` on can refer to, without those from
     * before an action that was none.
     */
    release(horizon: number): Picture[] {
      const first = Math.min(
        shots.length - 1,
        shots.findLastIndex((shot) => shot.at <= horizon),
      );
      if (first <= 0 && horizon !== Number.POSITIVE_INFINITY) return [];
      const kept = horizon === Number.POSITIVE_INFINITY ? [] : shots.slice(first);
      const stays = new Set(kept.map(({ picture }) => picture));
      const gone = new Set(shots.map(({ picture }) => picture).filter((each) => !stays.has(each)));
      shots = kept;
      return [...gone].filter(
        ({ trigger, isReferred }) => trigger !== 'BEFORE_ACTION' || isReferred,
      );
    },
  };
}

/** Whether a picture that is already there serves for this one too. */
function joined(known: Picture, { at }: Photo, trigger: ScreenshotTrigger): boolean {
  if (trigger === 'AFTER_ACTION') return true;
  if (trigger !== 'BEFORE_ACTION') return false;
  const isTaken = known.trigger === 'BEFORE_ACTION' && known.interactionSequence !== null;
  if (isTaken || !/^(?:BEFORE|AFTER)_ACTION$/.test(known.trigger)) return false;
  known.trigger = 'BEFORE_ACTION';
  known.interactionSequence = null;
  known.at = at;
  return true;
}

function newPicture(photo: Photo, trigger: ScreenshotTrigger): Picture {
  return {
    ...photo,
    id: newId(),
    trigger,
    interactionSequence: null,
    burst: null,
    frameAgeMs: null,
    isReferred: false,
  };
}

function isSame(a: Photo, b: Photo): boolean {
  return (
    a.png.equals(b.png) &&
    a.state.url === b.state.url &&
    JSON.stringify(a.masks) === JSON.stringify(b.masks)
  );
}
