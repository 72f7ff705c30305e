import type { Mask } from '../contract/image.ts';
import type { InteractionRecord, PageState } from '../contract/interaction.ts';

/** Name of the binding through which a page speaks to the recorder. */
export const bindingName = '__codesight';

/** An interaction as the page knows it. The recorder adds id, sequence, frame path and images. */
export interface Draft
  extends Omit<
    InteractionRecord,
    'id' | 'sequence' | 'occurredAt' | 'sessionTimeMs' | 'frame' | 'after'
  > {
  /** Unique among all documents of the session. */
  draftId: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  snapshotKey: string | null;
}

export type PageMessage =
  /** A document came up; the answer is what was typed into personal fields before. */
  | { kind: 'hello' }
  | { kind: 'snapshot'; key: string; at: number; url: string; title: string; html: string }
  /** An interaction has begun and is not over, so later ones must wait for their number. */
  | { kind: 'open'; draftId: string; at: number }
  | { kind: 'done'; draft: Draft }
  /** The interaction is taken back: it became part of another. */
  | { kind: 'drop'; draftId: string }
  /** Something personal was typed; it must not come back in any text. Kept in memory only. */
  | { kind: 'secret'; value: string };

/** What a document shows. Rectangles count from the viewport of its frame. */
export interface Look {
  state: PageState;
  masks: Mask[];
}

/** Where a frame element stands in its parent. */
export interface FramePlace {
  selector: string;
  /** Of the frame's content, from the viewport of the parent. */
  x: number;
  y: number;
}

/** What the recorder asks of a document; `globalThis.__codesightPage`. */
export interface PageApi {
  /** An action of the script follows: what changes from now on is its doing. */
  ready(turn: { secrets: string[]; isHover: boolean }): void;
  /** The action is over: closes what waited for more, except typing. */
  flush(): void;
  /** Closes everything, typing too. */
  finish(): void;
  look(secrets: string[]): Look;
  /** Milliseconds since the document last changed, 0 while an animation runs; after two frames. */
  quietMs(): Promise<number>;
  placeOf(frameElement: unknown): FramePlace;
}
