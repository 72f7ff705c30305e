/**
 * The words of the wire and what they mean. GraphQL enums, Zod enums and the database's enums are all
 * made from these, so that a new word is added here and in `schema.prisma`, nowhere else.
 */

export const sessionKinds = {
  HUMAN: 'A person did everything.',
  AUTOMATED: 'A script did everything.',
  HYBRID: 'A person and a script took turns.',
} as const;

export const interactionTypes = {
  CLICK: 'A primary click or tap on a target.',
  DOUBLE_CLICK: 'Two clicks that act as one.',
  CONTEXT_MENU: 'A secondary click, or the menu key.',
  INPUT: 'Text typed into a field; one interaction for one stretch of typing.',
  CHANGE: 'A checkbox, radio, slider or similar control took another value.',
  SELECT: 'An option was chosen from a list.',
  KEY_PRESS: 'A key that acts by itself: Enter, Escape, Tab, arrows, shortcuts.',
  SCROLL: 'The page or a part of it was scrolled; one interaction for one gesture.',
  HOVER: 'The pointer rested on something and the page answered.',
  FOCUS: 'A field took the focus.',
  BLUR: 'A field lost the focus.',
  SUBMIT: 'A form was sent.',
  DRAG: 'Something was picked up.',
  DROP: 'Something was put down.',
  TOUCH: 'A touch gesture that is not a tap.',
  COPY: 'Something was copied; never what.',
  CUT: 'Something was cut; never what.',
  PASTE: 'Something was pasted; never what.',
  NAVIGATION: 'The page became another page, with or without loading.',
  TAB_OPEN: 'A tab was opened.',
  TAB_SWITCH: 'Another tab came to the front.',
  TAB_CLOSE: 'A tab was closed.',
  DOWNLOAD: 'A download began.',
  FILE_SELECT: 'A file was chosen; its name is masked.',
  MODAL_OPEN: 'A dialog or overlay came up.',
  MODAL_CLOSE: 'A dialog or overlay went away.',
  OTHER: 'Something that this vocabulary has no word for; `context` says what.',
} as const;

export const selectorStrategies = {
  TEST_ID: 'A test id attribute, as a CSS selector.',
  ID: 'A stable id attribute, as a CSS selector.',
  ROLE_NAME: 'Role and accessible name: `role[name="…"]`, optionally `scope >> role[name="…"]`.',
  LABEL: 'The text of the field’s label.',
  TEXT: 'The visible text.',
  CSS: 'A CSS selector built from stable parts.',
  XPATH: 'An XPath.',
  STRUCTURAL: 'Child positions from the root: `html > body:nth-child(2) > …`.',
  OTHER: 'A selector of a recorder that said no more.',
} as const;

export const screenshotTriggers = {
  SESSION_START: 'The session began.',
  SESSION_END: 'The session ended.',
  BEFORE_ACTION: 'Just before an action.',
  AFTER_ACTION: 'Just after an action.',
  NAVIGATION: 'A page came up; usually a burst.',
  MODAL: 'A dialog or overlay came up or went away.',
  ERROR: 'The page showed an error.',
  MANUAL: 'The person asked for it.',
} as const;

export const maskKinds = {
  PASSWORD: 'A password or one-time code.',
  PAYMENT: 'Payment data.',
  PERSONAL: 'A name, an address, an e-mail address, a telephone number and the like.',
  EXCLUDED: 'Something the participant or the project excluded.',
} as const;

export const dropReasons = {
  TOO_LARGE: 'It was over a limit and could not be made smaller.',
  INVALID: 'It could not be encoded.',
  QUOTA: 'The device had no room for it.',
  CAPTURE_FAILED: 'The browser refused to capture it.',
  REFUSED: 'The server refused it.',
  EXCLUDED: 'The participant or the project excluded it.',
} as const;

export const frameCounts = {
  total: 'Frames that the recorded pages had, the top page counted too.',
  unseen: 'Those of them in which nothing could be recorded.',
} as const;

export const missedScreenshots = {
  before: 'Pictures from before an action.',
  after: 'Pictures from after an action.',
  modal: 'Pictures of a dialog or overlay.',
  burst: 'Pictures of a burst.',
  other: 'Pictures of a start, an end, a navigation and the like.',
} as const;

export const coverageCounts = {
  closedShadowRoots: 'Closed shadow roots: what is in them was not seen.',
  canvases: 'Canvases: what is drawn in them has no elements.',
  protectedPages: 'Pages in which the browser lets no extension look.',
  scrolledFrames: 'Pictures left out because the page scrolled while they were taken.',
  duplicateScreenshots: 'Pictures left out because they hardly differed from the one before.',
  droppedForQuota: 'Images, pages and sounds given up because the device had no room for them.',
  lateFrames: 'Pictures from before an action that were more than two seconds old.',
  lateSnapshots: 'Actions whose page could not be written in time: an older one stands for it.',
  missedSnapshots: 'Actions without a page: it was too large, or given up before it was kept.',
  workerRestarts: 'Times that the browser stopped the recorder, which went on from disk.',
  browserRestarts: 'Times that the browser itself was started anew.',
} as const;

export type SessionKind = keyof typeof sessionKinds;
export type InteractionType = keyof typeof interactionTypes;
export type SelectorStrategy = keyof typeof selectorStrategies;
export type ScreenshotTrigger = keyof typeof screenshotTriggers;
export type MaskKind = keyof typeof maskKinds;
export type DropReason = keyof typeof dropReasons;

/** Something made of each word of a vocabulary and what it means. */
export function mapWords<T extends Record<string, string>, V>(
  vocabulary: T,
  make: (meaning: string, word: keyof T & string) => V,
): { [K in keyof T]: V } {
  const words = Object.keys(vocabulary) as (keyof T & string)[];
  const entries = words.map((word) => [word, make(vocabulary[word] ?? '', word)]);
  return Object.fromEntries(entries) as { [K in keyof T]: V };
}

/** The words of a vocabulary as the tuple that `z.enum` wants. */
export function wordsOf<T extends Record<string, string>>(
  vocabulary: T,
): [keyof T & string, ...(keyof T & string)[]] {
  return Object.keys(vocabulary) as [keyof T & string, ...(keyof T & string)[]];
}
