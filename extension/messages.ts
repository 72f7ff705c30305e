import type { FramePath, Look, SentMessage, Turn } from './page.ts';

/** What one part of the extension asks of another: request and answer, by name. */
export type Requests = {
  // From a document to the recorder (the service worker).
  /** A document came up, or lost the recorder: the answer says whether to listen. */
  'page.hello': { ask: { documentId: string; path: FramePath; url: string }; answer: Turn };
  /** Answered when everything is on disk; until then the document keeps the messages and repeats them. */
  'page.tell': {
    ask: { documentId: string; sessionId: string; path: FramePath; messages: SentMessage[] };
    /** `false`: a page that one of them builds upon is not known any more; nothing was kept. */
    answer: { isKept: boolean };
  };
  'mark.moved': { ask: { x: number; y: number }; answer: null };

  // From the popup, the options page and the review page to the recorder.
  'face.state': { ask: null; answer: FaceState };
  /** Tries the connection without keeping it. */
  'connection.test': { ask: { url: string; key: string }; answer: ConnectionTest };
  /** Tries the connection, and keeps it when that went well. */
  'connection.save': { ask: { url: string; key: string }; answer: ConnectionTest };
  'connection.forget': { ask: null; answer: null };
  'consent.give': { ask: { version: string; locale: string }; answer: null };
  'consent.withdraw': { ask: null; answer: null };
  'settings.save': { ask: Partial<Settings>; answer: Settings };
  'session.start': { ask: { task: string }; answer: { sessionId: string } };
  'session.pause': { ask: null; answer: null };
  'session.resume': { ask: null; answer: null };
  'session.stop': { ask: null; answer: null };
  /** Lets a held session go to the server. */
  'session.release': { ask: { sessionId: string }; answer: null };
  /** Removes a session from this device, and from the server what was sent of it. */
  'session.discard': { ask: { sessionId: string }; answer: null };
  'problem.dismiss': { ask: null; answer: null };

  // From the recorder to the offscreen document.
  'audio.start': { ask: { sessionId: string; clipId: string }; answer: { startedAt: number } };
  'audio.stop': { ask: null; answer: { endedAt: number } };
  // From the offscreen document to the recorder.
  /** The microphone stopped by itself; what it heard until then is kept. */
  'audio.lost': { ask: { clipId: string }; answer: null };
};

/** What the recorder asks of a document; sent to a frame of a tab. */
export type PageRequests = {
  'page.turn': { ask: Turn; answer: null };
  /** What the document shows, learned secrets hidden. */
  'page.look': { ask: { secrets: string[] }; answer: Look };
  /** Closes everything that waits for more, typing too; answered when it was told and kept. */
  'page.finish': { ask: null; answer: null };
};

export type Settings = {
  /** Registrable domains or hosts, lower case; nothing of them is captured. */
  excludedSites: string[];
  /** Sessions stay on this device until the participant releases them. */
  isHeld: boolean;
  recordsAudio: boolean;
  showsMark: boolean;
  notifies: boolean;
};

export type ConnectionTest =
  | { ok: true; project: string; participant: string | null }
  /** `advice` says what to do; `about` which of the two entries it concerns, if one. */
  | { ok: false; message: string; advice: string; about?: 'url' | 'key' };

/** Everything the popup shows. Pushed over the port `face` at every change, at most 5 a second. */
export type FaceState = {
  connection: {
    /** `unset`: no server was named yet. `refused`: the server does not want this key. */
    state: 'unset' | 'connecting' | 'connected' | 'offline' | 'refused';
    url: string | null;
    project: string | null;
    participant: string | null;
    /** In words, for people. */
    words: string;
  };
  /** The text that was agreed to; `null` before. */
  consent: { version: string; acceptedAt: string } | null;
  settings: Settings;
  session: {
    id: string;
    task: string;
    isPaused: boolean;
    startedAt: string;
    interactions: number;
    screenshots: number;
    recordsAudio: boolean;
  } | null;
  queue: {
    interactions: number;
    uploads: number;
    bytes: number;
    oldestAgeMs: number | null;
    attempts: number;
  };
  problem: { message: string; advice: string; at: string } | null;
  /** Newest first, at most 20. */
  recent: RecentSession[];
};

export type RecentSession = {
  id: string;
  task: string;
  site: string | null;
  startedAt: string;
  endedAt: string | null;
  /**
   * `held`: waits here for the participant. `sending`: not all of it has arrived. Then the server's
   * own word, in lower case: `processing`, `ready`, `needs_review`, `rejected`, `failed`, ….
   */
  state: string;
  interactions: number;
  screenshots: number;
  /** Images given up, for want of room or otherwise. */
  dropped: number;
  stages: { stage: string; state: string; progress: number }[];
  /** 0 to 1; `null` before it was scored. */
  quality: number | null;
  advice: string[];
};

/** How a request is answered: refusals keep their words. */
export type Reply<T> = { ok: true; answer: T } | { ok: false; message: string; advice: string };
