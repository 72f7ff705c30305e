import type { Frame, Keyboard, Mouse, Page } from 'playwright-core';

/** What happens around each action of a script. */
export interface Pace {
  /** The script wants to act; its element may have to be scrolled to first. */
  begin(page: Page): Promise<void>;
  before(page: Page, action: string): Promise<void>;
  after(page: Page): Promise<void>;
}

type Action = (...parameters: unknown[]) => Promise<unknown>;

/** Actions of a frame that begin with a selector; locators and pages call these. */
const ON_ELEMENT = [
  'check',
  'click',
  'dblclick',
  'dragAndDrop',
  'fill',
  'focus',
  'hover',
  'press',
  'selectOption',
  'setInputFiles',
  'tap',
  'type',
  'uncheck',
] as const satisfies (keyof Frame)[];
const ON_FRAME = ['goto'] as const satisfies (keyof Frame)[];
const ON_PAGE = ['reload', 'goBack', 'goForward'] as const satisfies (keyof Page)[];
const ON_KEYBOARD = ['press', 'type', 'insertText', 'down'] as const satisfies (keyof Keyboard)[];
const ON_MOUSE = ['click', 'dblclick', 'down', 'up', 'wheel'] as const satisfies (keyof Mouse)[];

/** Long enough for a smooth scroll; an element that cannot be shown is the script's to notice. */
const LONGEST_SCROLL = 1_000;

/**
 * Makes the script wait around each of its actions, so that there is a picture from before it and one
 * from after it. Elements are brought into view first: what the action is about stands in the picture.
 *
 * The methods are replaced on the objects of this page alone. Element handles keep their own, and are
 * recorded without waiting.
 */
export function keepPace(page: Page, pace: Pace): void {
  let isActing = false;
  const around = async (action: string, show: () => Promise<void>, act: () => Promise<unknown>) => {
    if (isActing) return act(); // a part of an action that is under way
    isActing = true;
    try {
      await pace.begin(page);
      await show();
      await pace.before(page, action);
      const answer = await act();
      await pace.after(page);
      return answer;
    } finally {
      isActing = false;
    }
  };
  const wrap = (owner: object, name: string, show?: (parameters: unknown[]) => Promise<void>) => {
    const methods = owner as Record<string, Action>;
    const original = methods[name]?.bind(owner);
    if (!original) return;
    methods[name] = (...parameters) =>
      around(
        name,
        async () => show?.(parameters),
        () => original(...parameters),
      );
  };

  const wrapFrame = (frame: Frame): void => {
    for (const name of ON_ELEMENT)
      wrap(frame, name, (parameters) => bringIntoView(frame, parameters));
    for (const name of ON_FRAME) wrap(frame, name);
  };
  page.frames().forEach(wrapFrame);
  page.on('frameattached', wrapFrame);
  for (const name of ON_PAGE) wrap(page, name);
  for (const name of ON_KEYBOARD) wrap(page.keyboard, name);
  for (const name of ON_MOUSE) wrap(page.mouse, name);
}

/** @throws {Error} what the action itself would throw: no such element, or several */
async function bringIntoView(frame: Frame, parameters: unknown[]): Promise<void> {
  const [selector] = parameters;
  const { strict, timeout } = Object(parameters.at(-1)) as { strict?: boolean; timeout?: number };
  const options = { state: 'attached' as const, strict, timeout };
  const element = await frame.waitForSelector(String(selector), options);
  await element.scrollIntoViewIfNeeded({ timeout: LONGEST_SCROLL }).catch(() => {});
  await element.dispose();
}
