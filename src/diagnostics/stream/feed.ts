import { setTimeout as delay } from 'node:timers/promises';
import type { App } from '../../platform/app.ts';
import type { DebugBuffer } from './buffer.ts';
import { readRing, ringBounds } from './ring.ts';

/** One reader of a project's ring for all its followers in this process. */
type Feed = { followers: Set<DebugBuffer>; isOver: AbortController; started: Promise<void> };

const feeds = new WeakMap<App, Map<string, Feed>>();
const retryMs = 1_000;

/**
 * Joins a follower to the feed of its project, from now on. The first one opens it and the last one
 * closes it. @returns what leaves it
 */
export async function joinFeed(
  app: App,
  projectId: string,
  follower: DebugBuffer,
): Promise<() => void> {
  const ofApp = feeds.get(app) ?? new Map<string, Feed>();
  feeds.set(app, ofApp);
  const feed = ofApp.get(projectId) ?? openFeed(app, projectId);
  ofApp.set(projectId, feed);
  feed.followers.add(follower);
  const leave = () => {
    follower.end();
    if (!feed.followers.delete(follower) || feed.followers.size > 0) return;
    feed.isOver.abort();
    if (ofApp.get(projectId) === feed) ofApp.delete(projectId);
  };
  try {
    await feed.started;
  } catch (error) {
    leave();
    throw error;
  }
  return leave;
}

function openFeed(app: App, projectId: string): Feed {
  const followers = new Set<DebugBuffer>();
  const isOver = new AbortController();
  let position = 0n;

  const readAll = async () => {
    for (;;) {
      const { events, isLastPage } = await readRing(app, projectId, position);
      for (const event of events) {
        position = event.sequence;
        for (const follower of followers) follower.offer(event);
      }
      if (isLastPage) return;
    }
  };

  const follow = async () => {
    const { signal } = isOver;
    while (!signal.aborted)
      try {
        // From the cursor of the position on: what was committed since then is told, too.
        const after = `${(position >> 20n) + 1n}.0`;
        for await (const { cursor } of app.pubsub.subscribe(
          { topic: 'debug', projectId },
          { after, signal },
        ))
          if (BigInt(cursor.split('.')[0] ?? 0) > position >> 20n) await readAll();
        return followers.forEach((follower) => {
          follower.end(); // the process closes, or nobody follows any more
        });
      } catch (error) {
        if (signal.aborted) return;
        app.log.warn({ err: error }, 'the debug stream could not be read; trying again');
        await delay(retryMs, undefined, { signal }).catch(() => undefined);
      }
  };

  const begin = async () => {
    position = (await ringBounds(app, projectId)).final;
  };
  const started = begin();
  started.then(follow, () => undefined); // whoever waits for the start gets its error
  return { followers, isOver, started };
}
