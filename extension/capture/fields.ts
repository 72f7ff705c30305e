import { type Beginning, beginLate, finish, refOf, turn } from './capture.ts';
import { analyse, targetOf } from './describe.ts';
import { collapse, isDateField, isTextField, isTickBox, textOf } from './dom.ts';
import { filesOf } from './drag.ts';
import { forgetFocus } from './focus.ts';
import { learnSecrets } from './learn.ts';
import { onAny } from './listen.ts';
import { commit, isByPerson, takeCause } from './pending.ts';
import { pieceOf, soil } from './pieces.ts';
import { cleanText, shownValueOf } from './privacy.ts';
import { selectorsOf } from './selectors.ts';

export function listenToFields(): void {
  onAny('change', (event, field) => {
    soilGroup(field);
    if (isTextField(field) || isDateField(field)) {
      learnSecrets(turn.typing);
    } else if (isByPerson(event)) {
      change(field);
    }
  });
  onAny('submit', (event, form) => {
    commit();
    const beginning = beginLate(form);
    const by = event.submitter ? collapse(textOf(event.submitter, 200)) : null;
    const context = { ...Object(beginning.context), submitter: by && cleanText(by) };
    finish(beginning, 'SUBMIT', { context });
  });
}

function change(field: Element): void {
  const cause = takeCause(field);
  if (!cause) commit();
  forgetFocus();
  const beginning = cause ? movedTo(field, cause) : beginLate(field);
  const [type, value] = changeOf(field);
  const target = beginning.target && { ...beginning.target, value };
  finish(beginning, type, { value, target, context: contextWithFiles(beginning, field) });
}

function contextWithFiles({ context }: Beginning, field: Element): unknown {
  if (!(field instanceof HTMLInputElement) || field.type !== 'file') return context;
  return { ...Object(context), files: filesOf([...(field.files ?? [])]) };
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
  if (ref !== undefined && cause.target?.ref === ref) return { ...cause, key: undefined };
  const target = { ...targetOf(field), ref };
  return {
    ...cause,
    key: undefined,
    target,
    selectors: selectorsOf(field),
    elementAnalysis: analyse(field),
  };
}

/** `:checked ~ .panel` shows and hides without any change of the document. */
function soilGroup(field: Element): void {
  for (const each of [field, ...(field.parentElement?.children ?? [])]) {
    const piece = pieceOf(each);
    if (piece) soil(piece, 'marks');
  }
}
