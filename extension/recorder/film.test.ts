import { expect, test } from 'vitest';
import { openFilm, type Shot } from './film.ts';

const aShot = (at: number, more: Partial<Shot> = {}): Shot => {
  const state = { url: 'https://shop.example/' };
  return {
    at,
    doneAt: at + 40,
    tabId: 1,
    state,
    picture: {
      id: `picture ${at}`,
      tabId: 1,
      takenAt: at,
      state,
      masks: [],
      width: 1,
      height: 1,
      thumb: new Uint8Array(40_960).fill(at % 250),
      bytes: null,
      trigger: null,
      isClaimed: false,
    },
    ...more,
  };
};
const click = (startedAt: number) => ({ draftId: 'click', type: 'CLICK' as const, startedAt });

test('before is the last look that was over when the action began', () => {
  const film = openFilm();
  film.add(aShot(1_000));
  film.add(aShot(2_000));

  expect(film.before(1, click(2_030))?.at).toBe(1_000);
  expect(film.before(1, click(2_050))?.at).toBe(2_000);
  expect(film.before(2, click(2_050))).toBeNull();
});

test('a look is no "before" once the page changed or something was done', () => {
  const film = openFilm();
  film.add(aShot(1_000));

  film.noteAction(1, 'click', 1_400);
  expect(film.before(1, click(1_400))?.at).toBe(1_000);
  film.noteAction(1, 'other', 1_200);
  expect(film.before(1, click(1_400))).toBeNull();
  film.add(aShot(2_000));
  film.noteChange(1, 2_100);
  expect(film.before(1, click(2_200))).toBeNull();
});

test('what is typed into a field that was just clicked was preceded by what the click was', () => {
  const film = openFilm();
  film.add(aShot(1_000));
  film.noteAction(1, 'click', 1_400);

  const typing = { draftId: 'typing', type: 'INPUT' as const, startedAt: 1_700 };
  expect(film.before(1, typing)?.at).toBe(1_000);
  film.noteChange(1, 1_500);
  expect(film.before(1, typing)).toBeNull();
});

test('what follows by itself was preceded by what its cause was', () => {
  const film = openFilm();
  film.add(aShot(1_000));
  film.noteAction(1, 'click', 1_400);

  const submit = { draftId: 'submit', type: 'SUBMIT' as const, startedAt: 1_410 };
  expect(film.before(1, submit)?.at).toBe(1_000);
});

test('after is the last look before something else was done', () => {
  const film = openFilm();
  film.noteAction(1, 'typing', 1_000);
  film.add(aShot(1_600));
  film.noteAction(1, 'click', 2_000);
  film.add(aShot(2_300));

  expect(film.after(1, { draftId: 'typing', endedAt: 1_500 })?.at).toBe(1_600);
  expect(film.after(1, { draftId: 'typing', endedAt: 1_700 })).toBeNull();
});

test('a tab that looks the same has the same picture; another address or mask has not', () => {
  const film = openFilm();
  const shot = aShot(1_000);
  film.add(shot);
  const { state, masks, thumb } = shot.picture;

  expect(film.sameAs(1, { state, masks, thumb })).toBe(shot.picture);
  expect(film.sameAs(1, { state: { url: 'https://else.example/' }, masks, thumb })).toBeNull();
  const mask = { x: 0, y: 0, width: 1, height: 1, kind: 'PERSONAL' as const };
  expect(film.sameAs(1, { state, masks: [mask], thumb })).toBeNull();
});
