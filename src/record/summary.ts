import type { Sink } from './sink.ts';

/** What has gone to the sink. */
export interface Summary {
  sessionId: string;
  interactions: number;
  screenshots: number;
  screenshotBytes: number;
  snapshots: number;
  snapshotBytes: number;
}

/** The sink, and an account of what went into it. */
export function countingSink(out: Sink, onProgress: (summary: Summary) => void = () => {}) {
  const summary: Summary = {
    sessionId: '',
    interactions: 0,
    screenshots: 0,
    screenshotBytes: 0,
    snapshots: 0,
    snapshotBytes: 0,
  };
  const sink: Sink = {
    ...out,
    async start(session) {
      await out.start(session);
      summary.sessionId = session.id;
    },
    async interaction(record) {
      await out.interaction(record);
      summary.interactions += 1;
      onProgress({ ...summary });
    },
    async screenshot(record, bytes) {
      await out.screenshot(record, bytes);
      summary.screenshots += 1;
      summary.screenshotBytes += record.bytes;
      onProgress({ ...summary });
    },
    async snapshot(record, bytes) {
      await out.snapshot(record, bytes);
      summary.snapshots += 1;
      summary.snapshotBytes += record.bytes;
      onProgress({ ...summary });
    },
  };
  return { sink, summary: (): Summary => ({ ...summary }) };
}
