import type { FramePlace, Look, PageMessage } from '../page.ts';

/** Name of the binding through which a page of `codesight record` speaks to the recorder. */
export const bindingName = '__codesight';

/** A document that says hello is answered with what was typed into personal fields before. */
export type ScriptedMessage = PageMessage | { kind: 'hello' };

/** What `codesight record` asks of a document; `globalThis.__codesightPage`. */
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
  placeOf(frameElement: unknown): Pick<FramePlace, 'selector' | 'x' | 'y'>;
}
