import { type Beginning, beginLate, finish, hasMoment, turn } from './capture.ts';
import { analyse, targetOf } from './describe.ts';
import { collapse, isTextField, isTickBox, textOf } from './dom.ts';
import { onAny, onTrusted } from './listen.ts';
import { commit, pointer, takeCause } from './pending.ts';
import { cleanText, shownValueOf } from './privacy.ts';
import { selectorsOf } from './selectors.ts';
import { refOf } from './snapshot.ts';
import { isTypingIn } from './typing.ts';

let focused: { element: Element; beginning: Beginning } | null = null;

export function listenToFields(): void {
  onAny('change', (_event, field) => {
    if (!isTextField(field)) change(field);
  });
  onTrusted('focusin', (_event, element) => {
    if (pointer.press || turn.hasActed || !hasMoment()) return;
    focused = { element, beginning: beginLate(element) };
  });
  onTrusted('focusout', (_event, element) => {
    if (focused?.element === element) focused = null;
  });
  onAny('submit', (event, form) => {
    commit();
    const beginning = beginLate(form);
    const by = event.submitter ? collapse(textOf(event.submitter, 200)) : null;
    const context = { ...Object(beginning.context), submitter: by && cleanText(by) };
    finish(beginning, 'SUBMIT', { context });
  });
}

/** A focus that nothing else explains was the action itself. */
export function commitFocus(): void {
  if (focused && !turn.hasActed && !isTypingIn(focused.element)) finish(focused.beginning, 'FOCUS');
  focused = null;
}

function change(field: Element): void {
  const cause = takeCause(field);
  if (!cause) commit();
  focused = null;
  const beginning = cause ? movedTo(field, cause) : beginLate(field);
  const [type, value] = changeOf(field);
  const target = beginning.target && { ...beginning.target, value };
  finish(beginning, type, { value, target });
}

function changeOf(field: Element): ['SELECT' | 'FILE_SELECT' | 'CHANGE', string] {
  if (field.matches('input[type=file]')) return ['FILE_SELECT', '[FILE]'];
  if (isTickBox(field)) return ['CHANGE', String(field.checked)];
  const value = shownValueOf(field).slice(0, 4_096);
  return [field instanceof HTMLSelectElement ? 'SELECT' : 'CHANGE', value];
}

/** A key can move the tick to another button of the group; the page before it is the same. */
function movedTo(field: Element, cause: Beginning): Beginning {
  const ref = refOf(field);
  if (cause.target?.ref === ref) return cause;
  const target = { ...targetOf(field), ref };
  return { ...cause, target, selectors: selectorsOf(field), elementAnalysis: analyse(field) };
}
