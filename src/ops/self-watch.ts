import type { App } from '../platform/app.ts';
import { openHealthWatch } from './health-watch.ts';
import { stateSlow } from './state-slow.ts';

const beatMs = 2_000;

/**
 * Watches the process itself: dependencies that go and come back, and what takes long. It needs no job,
 * so that it sees an outage of the database, too.
 */
export function openSelfWatch(app: App): { close(): Promise<void> } {
  const health = openHealthWatch(app);
  let running: Promise<void> | null = null;
  const beat = () => {
    running ??= (async () => {
      await health.look(new Date());
      await stateSlow(app);
    })()
      .catch((error: unknown) =>
        app.log.warn({ err: error }, 'the process could not say how it is'),
      )
      .finally(() => {
        running = null;
      });
  };
  const timer = setInterval(beat, beatMs);
  timer.unref();
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}
