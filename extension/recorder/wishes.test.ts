import { expect, test } from 'vitest';
import { openWishes, triggerOf, type Wish, type WishKind } from './wishes.ts';

const aWish = (kind: WishKind, more: Partial<Wish> = {}): Wish => ({
  kind,
  tabId: 1,
  from: 100,
  until: 3_000,
  draftId: null,
  ...more,
});

test('before comes before after, after before a modal, and a burst late', () => {
  const wishes = openWishes();
  for (const kind of ['burst', 'modal', 'after', 'before'] as const) {
    wishes.add(aWish(kind, { draftId: kind }));
  }

  const order = [];
  for (let wish = wishes.next(100); wish; wish = wishes.next(100)) {
    order.push(wish.kind);
    wishes.drop((each) => each === wish);
  }
  expect(order).toEqual(['before', 'after', 'modal', 'burst']);
});

test('one picture fulfils all wishes of its tab that are due, and no other', () => {
  const wishes = openWishes();
  wishes.add(aWish('after', { draftId: 'click' }));
  wishes.add(aWish('burst', { draftId: 'page', from: 100 }));
  wishes.add(aWish('burst', { draftId: 'page', from: 400 }));
  wishes.add(aWish('after', { draftId: 'elsewhere', tabId: 2 }));

  const fulfilled = wishes.fulfil(1, 150);

  expect(fulfilled.map(({ draftId }) => draftId)).toEqual(['click', 'page']);
  expect(wishes.nextAt(150)).toBe(400);
});

test('a page that changes all the time does not put its picture off', () => {
  const wishes = openWishes();
  wishes.add(aWish('before', { from: 100 }));
  wishes.add(aWish('before', { from: 600 }));

  expect(wishes.next(100)?.from).toBe(100);
  expect(wishes.fulfil(1, 100)).toHaveLength(1);
  expect(wishes.next(700)).toBeNull();
});

test('what comes too late is told', () => {
  const wishes = openWishes();
  wishes.add(aWish('modal', { until: 500 }));

  expect(wishes.next(500)).toBeNull();
  expect(wishes.expire(500).map(({ kind }) => kind)).toEqual(['modal']);
  expect(wishes.nextAt(500)).toBeNull();
});

test('a wish is hurried when the page came to rest', () => {
  const wishes = openWishes();
  wishes.add(aWish('after', { draftId: 'click', from: 1_200 }));

  expect(wishes.next(300)).toBeNull();
  expect(wishes.hurry('click', 300)).toBe(true);
  expect(wishes.next(300)?.draftId).toBe('click');
  expect(wishes.hurry('other', 300)).toBe(false);
});

test('a picture is named after the most telling of its wishes', () => {
  const burst = (index: number) => aWish('burst', { burst: { id: 'b', index, beganAt: 0 } });

  expect(triggerOf([aWish('after'), burst(0)]).trigger).toBe('NAVIGATION');
  expect(triggerOf([aWish('after'), burst(1)]).trigger).toBe('AFTER_ACTION');
  expect(triggerOf([burst(0), aWish('start')]).trigger).toBe('SESSION_START');
  expect(triggerOf([aWish('fresh')])).toEqual({ trigger: 'BEFORE_ACTION', wish: null });
});
