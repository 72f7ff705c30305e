import type { Mask } from '../src/contract/image.ts';
import type { InteractionRecord, PageState } from '../src/contract/interaction.ts';
import type { Part } from '../src/lib/splice.ts';

/**
 * An interaction as the page knows it. The recorder adds id, sequence, frame path and images.
 * Everything in it is masked already.
 */
export type Draft = Omit<
  InteractionRecord,
  'id' | 'sequence' | 'occurredAt' | 'sessionTimeMs' | 'frame' | 'after'
> & {
  /** Unique among all documents of the session. */
  draftId: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  snapshotKey: string | null;
};

type SnapshotHead = { kind: 'snapshot'; key: string; at: number; url: string; title: string };

/** The masked page, and how it differs from another one of this document if that is known. */
export type Snapshot = SnapshotHead & {
  html: string;
  /** `base` is the key of the other. */
  change: { base: string; parts: Part[] } | null;
};

/** As it goes to the recorder, which may have forgotten the other page: then whole. */
export type SentSnapshot = SnapshotHead & ({ html: string } | { base: string; parts: Part[] });

/** What a document tells the recorder. Every message may come twice. */
export type PageMessage = Snapshot | SmallMessage;
export type SentMessage = SentSnapshot | SmallMessage;

type SmallMessage =
  /**
   * An interaction has begun and is not over, so later ones must wait for their number. `draft` is
   * what would be told if the document ended now; it is told again as it grows.
   */
  | { kind: 'open'; draftId: string; at: number; draft: Draft | null }
  | { kind: 'done'; draft: Draft }
  /** The interaction is taken back: it became part of another, or was none. */
  | { kind: 'drop'; draftId: string }
  /** The page came to rest after an interaction, or it is about to be left. */
  | { kind: 'settled'; draftId: string; at: number; state: PageState }
  /** The page looks different and has come to rest: time for a frame that can be a "before". */
  | { kind: 'changed'; at: number }
  /** The pointer went down or a key that acts was pressed: an action is about to happen. */
  | { kind: 'action'; at: number }
  /**
   * The pointer moves again after a rest: an action may follow. At most one a second, only while no
   * other message goes; it makes the next "before" frame a fresh one.
   */
  | { kind: 'stir'; at: number }
  /** The page shows an error: an alert, or an uncaught exception that it displays. */
  | { kind: 'error'; at: number }
  /** Something personal was typed; it must not come back in any text. Kept in memory only. */
  | { kind: 'secret'; value: string };

/** What a document shows at an instant. Rectangles count from the viewport of its own frame. */
export type Look = {
  state: PageState;
  /** What part of the viewport a pinched page shows, and how large; a picture shows just that. */
  zoom: { scale: number; x: number; y: number };
  masks: Mask[];
  /** Frame elements of the document, in the order of `window.frames`. */
  frames: FramePlace[];
  unseen: Unseen;
};

/** Where a frame element stands in its document. */
export type FramePlace = {
  /** Place in `window.frames`; -1 for a frame in a shadow root, which is not listed there. */
  index: number;
  name: string | null;
  url: string | null;
  selector: string;
  /** Of the frame's content, from the viewport of the document; CSS pixels. */
  x: number;
  y: number;
  width: number;
  height: number;
};

/** What stood in the document and could not be looked into. */
export type Unseen = { closedShadowRoots: number; canvases: number };

/** What the recorder tells a document: whether to listen, and what to hide. */
export type Turn = {
  isRecording: boolean;
  /** `null` while nothing is recorded. */
  sessionId: string | null;
  /** What was typed into personal fields of any page of the session. */
  secrets: string[];
  /** The site is one that the participant excluded: nothing of it is captured. */
  isExcluded: boolean;
  /** Where the in-page mark stands, as shares of the viewport; `null` shows none. */
  mark: { x: number; y: number } | null;
};

/** Where a document stands: the places in `window.frames` from the top; empty for the top itself. */
export type FramePath = number[];
