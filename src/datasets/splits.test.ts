import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type SplitMember, type Splitting, splitMembers } from './splits.ts';

const splitting = (more: Partial<Splitting> = {}): Splitting => ({
  validation: 0.1,
  test: 0.1,
  seed: 's',
  validationSites: [],
  testSites: [],
  ...more,
});
const member = (n: number, ...sites: string[]): SplitMember => ({
  sessionId: `s${n}`,
  sites,
  examples: 10,
});
const sitesOf = (members: SplitMember[], of: Map<string, string>, split: string) =>
  new Set(members.filter(({ sessionId }) => of.get(sessionId) === split).flatMap((m) => m.sites));

const anyMembers = fc
  .array(
    fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1, maxLength: 2 }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((list) => list.map((sites, n) => member(n, ...sites)));

test('no site stands in two splits, unless there are too few of them', () => {
  fc.assert(
    fc.property(anyMembers, fc.string(), (members, seed) => {
      const { by, of } = splitMembers(members, splitting({ seed }));

      expect(of.size).toBe(members.length);
      expect(splitMembers(members.toReversed(), splitting({ seed })).of).toEqual(of);
      if (by === 'SESSION') return;
      const [train, validation, held] = ['TRAIN', 'VALIDATION', 'TEST'].map((split) =>
        sitesOf(members, of, split),
      ) as [Set<string>, Set<string>, Set<string>];
      expect(train.intersection(held).size + train.intersection(validation).size).toBe(0);
      expect(validation.intersection(held).size).toBe(0);
      expect(Math.min(train.size, validation.size, held.size)).toBeGreaterThan(0);
    }),
  );
});

test('shares are met as far as whole sites allow', () => {
  const members = Array.from({ length: 200 }, (_, n) => member(n, `site-${n % 40}`));

  const { by, of } = splitMembers(members, splitting({ validation: 0.2, test: 0.2 }));

  const shares = Object.groupBy([...of.values()], (split) => split);
  expect(by).toBe('SITE');
  expect([shares.TRAIN?.length, shares.VALIDATION?.length, shares.TEST?.length]).toEqual([
    120, 40, 40,
  ]);
});

test('sites can be pinned, and the seed decides the rest', () => {
  const members = Array.from({ length: 60 }, (_, n) => member(n, `site-${n % 12}`));

  const seeds = ['a', 'b', 'c'].map((seed) =>
    splitMembers(
      members,
      splitting({ seed, test: 0.3, testSites: ['site-3'], validationSites: ['site-5'] }),
    ),
  );

  for (const { of } of seeds) {
    expect(of.get('s3')).toBe('TEST');
    expect(of.get('s5')).toBe('VALIDATION');
  }
  expect(new Set(seeds.map(({ of }) => [...of].sort().join())).size).toBeGreaterThan(1);
});

test('with fewer than three sites, sessions are parted', () => {
  const members = Array.from({ length: 20 }, (_, n) => member(n, n % 2 ? 'a' : 'b'));

  const { by, of } = splitMembers(members, splitting());

  expect(by).toBe('SESSION');
  expect(new Set(of.values())).toEqual(new Set(['TRAIN', 'VALIDATION', 'TEST']));
});

test('a share of nothing gets nothing', () => {
  const members = Array.from({ length: 9 }, (_, n) => member(n, `site-${n}`));

  const { of } = splitMembers(members, splitting({ validation: 0, test: 0.3 }));

  expect([...of.values()]).not.toContain('VALIDATION');
});
