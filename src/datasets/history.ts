import type { InteractionRecord } from '../contract/interaction.ts';
import { quote } from '../lib/page/outline.ts';

/** What is known of an interaction here; the rest of a record does no harm. */
export type PastAction = Pick<InteractionRecord, 'sequence' | 'type' | 'url'> &
  Partial<
    Pick<
      InteractionRecord,
      'pageTitle' | 'target' | 'value' | 'key' | 'modifiers' | 'before' | 'after'
    >
  >;

const NAME_CHARS = 80;
const URL_CHARS = 200;

/** Latest actions that an example tells; about 600 tokens. */
const HISTORY = 20;

/** Consequences of other actions, and what has no meaning for the next. */
const untold = new Set<PastAction['type']>(['FOCUS', 'BLUR', 'SUBMIT', 'OTHER', 'MODAL_CLOSE']);

export type Past = {
  /** What is told, oldest first. */
  words: string[];
  /** Actions before those, which are not told. */
  leftOut: number;
  /** The last action that counts; `null` at the beginning. */
  last: PastAction | null;
};

/**
 * The past as it grows, action by action in the order of the session; holds the latest only.
 *
 * The pointer rests on a target before it is clicked and a field takes the focus before it is typed
 * into: told, that would be the answer. So focus is never told, and neither are the hovers after the
 * last real action.
 */
export class History {
  #latest: string[] = [];
  #count = 0;
  /** Hovers since the last real action. */
  #hovers: string[] = [];
  #hoverCount = 0;
  #last: PastAction | null = null;

  add(interaction: PastAction): void {
    if (untold.has(interaction.type)) return;
    const words = describeInteraction(interaction);
    if (interaction.type === 'HOVER') {
      this.#hoverCount++;
      this.#hovers = [...this.#hovers, words].slice(-HISTORY);
      return;
    }
    this.#latest = [...this.#latest, ...this.#hovers, words].slice(-HISTORY);
    this.#count += this.#hoverCount + 1;
    this.#hovers = [];
    this.#hoverCount = 0;
    this.#last = interaction;
  }

  past(): Past {
    const leftOut = this.#count - this.#latest.length;
    return { words: [...this.#latest], leftOut, last: this.#last };
  }
}

/** The actions before `sequence`, given in any order; see {@link History}. */
export function describeHistory(interactions: readonly PastAction[], sequence: number): Past {
  const history = new History();
  const before = interactions.filter((interaction) => interaction.sequence < sequence);
  for (const interaction of before.sort((a, b) => a.sequence - b.sequence))
    history.add(interaction);
  return history.past();
}

/** One operation in words: `click button "Search"`, `press "Enter" in searchbox "Search"`. */
export function describeAction({
  operation,
  target,
  value,
}: {
  operation: string;
  /** Role and name, as `button "Search"`. */
  target: string;
  value: string | null;
}): string {
  const said = quote(value ?? '', NAME_CHARS);
  if (operation === 'type') return `type ${said} into ${target}`;
  if (operation === 'select') return `select ${said} in ${target}`;
  if (operation === 'press') return `press ${said} in ${target}`;
  return `${operation.replace('_', '-')} ${target}`;
}

/** One interaction of the past in words. */
export function describeInteraction(interaction: PastAction): string {
  const { type, value = null, key } = interaction;
  const target = describeTarget(interaction);
  const act = (operation: string, what: string | null = null) =>
    describeAction({ operation, target, value: what });
  switch (type) {
    case 'CLICK':
    case 'TOUCH':
      return act('click');
    case 'DOUBLE_CLICK':
      return act('double_click');
    case 'CONTEXT_MENU':
      return act('right_click');
    case 'HOVER':
      return act('hover');
    case 'INPUT':
      return act('type', value);
    case 'SELECT':
      return act('select', value);
    case 'CHANGE':
      return value === null ? `change ${target}` : `set ${target} to ${quote(value, NAME_CHARS)}`;
    case 'KEY_PRESS':
      return act('press', key ?? 'a key');
    case 'SCROLL':
      return `scroll ${direction(interaction)}`;
    case 'NAVIGATION':
      return describeArrival(interaction);
    case 'TAB_OPEN':
      return 'open a tab';
    case 'TAB_SWITCH':
      return `switch to the tab ${quote(interaction.pageTitle ?? '', NAME_CHARS)}`;
    case 'TAB_CLOSE':
      return 'close a tab';
    case 'MODAL_OPEN':
      return `see ${target === 'something' ? 'a dialog' : target} come up`;
    case 'DOWNLOAD':
      return 'start a download';
    case 'FILE_SELECT':
      return `choose a file in ${target}`;
    case 'DRAG':
      return `pick up ${target}`;
    case 'DROP':
      return `drop on ${target}`;
    case 'COPY':
    case 'CUT':
    case 'PASTE':
      return `${type.toLowerCase()} in ${target}`;
    default:
      return `${type.toLowerCase().replaceAll('_', ' ')} ${target}`;
  }
}

function describeArrival({ pageTitle, after, url }: PastAction): string {
  const title = pageTitle || after?.title; // a page that has only begun to load has no title yet
  return `arrive at ${title ? `${quote(title, NAME_CHARS)}, ` : ''}${quote(url, URL_CHARS)}`;
}

function describeTarget({ target }: PastAction): string {
  if (!target) return 'something';
  const name = target.name || target.text;
  const role = /^[\w-]+/.exec(target.role || target.tag)?.[0] ?? 'element';
  return name ? `${role} ${quote(name, NAME_CHARS)}` : role;
}

function direction({ before, after }: PastAction): string {
  const down = (after?.scrollY ?? 0) - (before?.scrollY ?? 0);
  if (down !== 0) return down > 0 ? 'down' : 'up';
  const right = (after?.scrollX ?? 0) - (before?.scrollX ?? 0);
  return right === 0 ? 'the page' : right > 0 ? 'right' : 'left';
}
