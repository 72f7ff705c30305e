import { expect, test } from 'vitest';
import { makeProject, openTestApp } from '../../../test/app.ts';
import { anException, aReport, take } from '../../../test/reports.ts';
import { newId } from '../../lib/ids.ts';
import type { App } from '../../platform/app.ts';

const bug = (place: number) => [
  anException({ frames: [{ file: `/srv/app/src/bug-${place}.ts`, function: `bug${place}` }] }),
];

const sumsOf = async (app: App, projectId: string) => {
  const lines = await app.db.reportLedger.groupBy({
    by: ['outcome'],
    where: { projectId },
    _sum: { count: true },
  });
  return Object.fromEntries(lines.map(({ outcome, _sum }) => [outcome, Number(_sum.count)]));
};

test('calls that come together, full of repeats, are counted exactly everywhere', async () => {
  const app = await openTestApp();
  const [one, two] = [await makeProject(app), await makeProject(app)];
  // Sixty reports of seven bugs and five users, each sent one to four times, to two projects that share ids.
  const reports = Array.from({ length: 60 }, (_, index) =>
    aReport({
      exceptions: bug(index % 7),
      user: { id: `user-${index % 5}` },
      environment: { release: `shop@1.${index % 2}.0` },
      occurredAt: new Date(Date.now() - (index % 3) * 3_600_000).toISOString(),
    }),
  );
  const calls = Array.from({ length: 24 }, (_, call) => ({
    projectId: call % 2 ? one : two,
    sent: reports.filter((_report, index) => (index + call) % 3 === 0),
  }));

  const receipts = await Promise.all(
    calls.map(({ projectId, sent }) => take(app, projectId, [...sent, ...sent.slice(0, 2)])),
  );

  for (const projectId of [one, two]) {
    const mine = receipts.filter((_receipt, call) => calls[call]?.projectId === projectId);
    const captured = mine.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
    expect(mine.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(60);
    expect(await sumsOf(app, projectId)).toEqual({ ACCEPTED: 60, DUPLICATE: captured - 60 });
    const where = { projectId };
    const issues = await app.db.errorIssue.findMany({ where, include: { fingerprints: true } });
    expect(issues).toHaveLength(7);
    expect(issues.reduce((sum, { count }) => sum + Number(count), 0)).toBe(60);
    for (const { count, userCount, lastRelease, fingerprints } of issues) {
      expect(fingerprints.map((each) => each.count)).toEqual([count]);
      expect(userCount).toBe(5);
      expect(lastRelease).toBe('shop@1.1.0');
    }
    const hours = await app.db.reportHour.aggregate({ where, _sum: { count: true } });
    const ofKinds = await app.db.fingerprintHour.aggregate({ where, _sum: { count: true } });
    expect([hours._sum.count, ofKinds._sum.count]).toEqual([60, 60]);
    expect(await app.db.fingerprintHour.count({ where })).toBe(21);
    expect(await app.db.errorEvent.count({ where })).toBe(60);
  }
});

test('a repeat that says something else changes nothing', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const id = newId();
  const said = (place: number, release: string) =>
    aReport({ id, exceptions: bug(place), environment: { release }, user: { id: release } });
  await take(app, projectId, [said(1, 'shop@1.0.0')]);
  await take(app, projectId, [aReport({ exceptions: bug(2) })]);

  const receipt = await take(app, projectId, [said(1, 'shop@2.0.0'), said(1, 'shop@3.0.0')]);
  const others = await take(app, projectId, [said(2, 'shop@4.0.0')]);
  const unknown = await take(app, projectId, [
    said(3, 'shop@5.0.0'),
    aReport({ exceptions: bug(2) }),
  ]);

  expect(receipt.outcomes).toEqual(['DUPLICATE', 'DUPLICATE']);
  expect(others.outcomes).toEqual(['DUPLICATE']);
  expect(unknown.outcomes).toEqual(['DUPLICATE', 'ACCEPTED']);
  expect(await sumsOf(app, projectId)).toEqual({ ACCEPTED: 3, DUPLICATE: 4 });
  const issues = await app.db.errorIssue.findMany({ orderBy: { id: 'asc' } });
  expect(issues).toMatchObject([
    { count: 1n, userCount: 1, lastRelease: 'shop@1.0.0' },
    { count: 2n, userCount: 0, lastRelease: null },
  ]);
  expect(await app.db.release.findMany()).toMatchObject([{ name: 'shop@1.0.0' }]);
});

test('an issue moves on to the newest of the releases that come together', async () => {
  const app = await openTestApp();
  const projectId = await makeProject(app);
  const from = (release: string | null) =>
    aReport({ exceptions: bug(1), environment: { release } });
  const last = async () => (await app.db.errorIssue.findFirstOrThrow()).lastRelease;

  await take(app, projectId, [from(null)]);
  expect(await last()).toBeNull();
  await take(app, projectId, [from('shop@1.9.0'), from('shop@1.10.0'), from('shop@1.2.0')]);
  expect(await last()).toBe('shop@1.10.0');
  await take(app, projectId, [from('shop@1.3.0'), from(null)]);
  expect(await last()).toBe('shop@1.10.0');

  expect(await app.db.errorIssue.findFirstOrThrow()).toMatchObject({ firstRelease: 'shop@1.10.0' });
  expect(await app.db.release.count()).toBe(4);
});
