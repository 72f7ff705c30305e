import type { InteractionRecord, Target, Tombstone } from '../../src/contract/interaction.ts';
import type { DropReason } from '../../src/contract/vocabulary.ts';
import { shorten } from './words.ts';

const roleNames: Record<string, string> = {
  textbox: 'text field',
  searchbox: 'search field',
  combobox: 'list',
  listbox: 'list',
  option: 'choice',
  radio: 'choice',
  checkbox: 'checkbox',
  spinbutton: 'number field',
  img: 'picture',
  menuitem: 'menu entry',
  tab: 'tab of the page',
  generic: '',
  none: '',
  presentation: '',
};

const giveUps: Record<DropReason, string> = {
  TOO_LARGE: 'it was too large',
  INVALID: 'it could not be stored',
  QUOTA: 'this device was full',
  CAPTURE_FAILED: 'the browser did not let it be captured',
  REFUSED: 'the server refused it',
  EXCLUDED: 'it is on an excluded site',
};

/** A step as a person would say it: `Clicked “Add to basket” (button)`. */
export function interactionWords(step: InteractionRecord | Tombstone): string {
  if ('dropped' in step) return `Given up: ${giveUps[step.dropped]}`;
  const { target } = step;
  const it = targetWords(target);
  switch (step.type) {
    case 'CLICK':
      return `Clicked ${it}`;
    case 'DOUBLE_CLICK':
      return `Double-clicked ${it}`;
    case 'CONTEXT_MENU':
      return `Opened the context menu of ${it}`;
    case 'INPUT':
      return `Typed ${valueWords(step)} into ${it}`;
    case 'CHANGE':
      return changeWords(step, it);
    case 'SELECT':
      return `Chose ${valueWords(step)} in ${it}`;
    case 'KEY_PRESS':
      return `Pressed ${keyWords(step)}${target ? ` in ${it}` : ''}`;
    case 'SCROLL':
      return isPage(target) ? 'Scrolled the page' : `Scrolled ${it}`;
    case 'HOVER':
      return `Pointed at ${it}`;
    case 'FOCUS':
      return `Went to ${it}`;
    case 'BLUR':
      return `Left ${it}`;
    case 'SUBMIT':
      return `Sent ${it}`;
    case 'DRAG':
      return `Picked up ${it}`;
    case 'DROP':
      return `Put it down on ${it}`;
    case 'TOUCH':
      return `Touched ${it}`;
    case 'COPY':
      return 'Copied something (not recorded what)';
    case 'CUT':
      return 'Cut something out (not recorded what)';
    case 'PASTE':
      return `Pasted something into ${it} (not recorded what)`;
    case 'NAVIGATION':
      return `Came to ${placeWords(step.url)}`;
    case 'TAB_OPEN':
      return `Opened a tab: ${placeWords(step.url)}`;
    case 'TAB_SWITCH':
      return `Went to the tab ${placeWords(step.url)}`;
    case 'TAB_CLOSE':
      return `Closed the tab ${placeWords(step.url)}`;
    case 'DOWNLOAD':
      return 'Downloaded a file (its name is not recorded)';
    case 'FILE_SELECT':
      return `Chose a file in ${it} (its name is not recorded)`;
    case 'MODAL_OPEN':
      return `${capital(it)} came up`;
    case 'MODAL_CLOSE':
      return `${capital(it)} went away`;
    case 'OTHER':
      return 'Did something else';
  }
}

function targetWords(target: Target | null | undefined): string {
  if (!target) return 'the page';
  const kind = target.role ?? target.tag;
  const isField = kind === 'combobox' && target.tag === 'input';
  const role = isField ? 'text field' : (roleNames[kind] ?? kind);
  const name = (target.name ?? target.text ?? '').replaceAll(/\s+/g, ' ').trim();
  if (name) return `“${shorten(name, 60)}”${role ? ` (${role})` : ''}`;
  if (isPage(target)) return 'the page';
  if (!role) return 'something without a name';
  return `${/^[aeiou]/.test(role) ? 'an' : 'a'} ${role} without a name`;
}

function isPage(target: Target | null | undefined): boolean {
  return !target || /^(?:html|body)$/.test(target.tag);
}

function valueWords({ value, target }: InteractionRecord): string {
  const text = value ?? target?.value ?? '';
  return text === '' ? 'something' : `“${shorten(text.replaceAll(/\s+/g, ' '), 80)}”`;
}

function changeWords({ value, target }: InteractionRecord, it: string): string {
  const text = value ?? target?.value ?? '';
  if (target?.role === 'radio') return `Chose ${it}`;
  if (text === 'true' || text === 'false')
    return `Switched ${it} ${text === 'true' ? 'on' : 'off'}`;
  return text === '' ? `Changed ${it}` : `Changed ${it} to “${shorten(text, 60)}”`;
}

function keyWords({ key, modifiers }: InteractionRecord): string {
  const held = [
    modifiers?.control ? 'Ctrl' : null,
    modifiers?.alt ? 'Alt' : null,
    modifiers?.meta ? 'Meta' : null,
    modifiers?.shift ? 'Shift' : null,
  ];
  return [...held, key === ' ' ? 'Space' : (key ?? 'a key')].filter(Boolean).join(' + ');
}

/** Host and path, without what stands behind the question mark. */
function placeWords(url: string): string {
  const parsed = URL.parse(url);
  if (!parsed || !/^https?:$/.test(parsed.protocol)) return shorten(url, 60);
  return shorten(`${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`, 60);
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
