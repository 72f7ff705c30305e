import { expect, test } from 'vitest';
import { seededRandom } from '../../src/lib/page/random.ts';
import { others, pipeline } from '../../src/pipeline.ts';
import { makeViewer, openTestApp } from '../app.ts';
import { startChild } from '../children.ts';
import { filesOf, makeRecorded, playRecorded } from '../recorded.ts';
import { upTo } from '../sessions.ts';
import { seed } from './seed.ts';

const sessions = 30;
const mostKills = 25;

test(`${sessions} sessions become ready though a worker is killed every few seconds`, async () => {
  const random = seededRandom(seed);
  const app = await openTestApp({ pipeline, others, env: { MAX_RETRIES: '20' } });
  const viewer = await makeViewer(app);
  await app.db.project.update({
    where: { id: viewer.projectId },
    data: { rejectBelow: 0, reviewBelow: 0 },
  });
  const ids: string[] = [];
  for (const number of upTo(sessions))
    ids.push(
      await playRecorded(app, viewer, await makeRecorded({ seed: `${seed}/${number}`, steps: 8 })),
    );
  const ready = () => app.db.session.count({ where: { state: 'READY' } });
  const survivor = await startChild(app, 'work', { MAX_RETRIES: '20' });

  for (let kills = 0; kills < mostKills && (await ready()) < sessions; kills += 1) {
    const victim = await startChild(app, 'work', { MAX_RETRIES: '20' });
    const endAt = performance.now() + random() * 4_000;
    await expect
      .poll(async () => performance.now() > endAt || (await ready()) === sessions, {
        timeout: 20_000,
      })
      .toBe(true);
    await victim.kill();
  }
  await expect.poll(ready, { timeout: 5 * 60_000, interval: 1_000 }).toBe(sessions);
  await survivor.stop();

  for (const sessionId of ids) {
    const where = { sessionId };
    expect(await app.db.example.count({ where })).toBe(8);
    expect(await app.db.qualityReport.count({ where })).toBe(1);
    expect(await app.db.sessionExport.count({ where })).toBe(1);
    expect(await app.db.sessionEvent.count({ where: { ...where, state: 'READY' } })).toBe(1);
    expect((await filesOf(app, sessionId)).length).toBe(16 + 8 + 1);
  }
});
