import type { SessionStep } from '../session-steps.ts';

/** What a step is for whoever replays a session. */
export type Act =
  | { kind: 'click' | 'double_click' | 'right_click' | 'hover' }
  | { kind: 'type'; value: string }
  | { kind: 'select'; value: string }
  | { kind: 'press'; key: string; held: string[] }
  | { kind: 'scroll'; x: number; y: number };

/** Roles that a click toggles; their change is told instead of the click by some recorders. */
const toggled = new Set(['checkbox', 'radio', 'switch']);

/** What to do for a step, or `null` for what follows from other steps or cannot be done by a script. */
export function actOf(step: SessionStep, previous: SessionStep | null): Act | null {
  const { type, value, key, modifiers } = step;
  switch (type) {
    case 'CLICK':
    case 'TOUCH':
      return { kind: 'click' };
    case 'DOUBLE_CLICK':
      return { kind: 'double_click' };
    case 'CONTEXT_MENU':
      return { kind: 'right_click' };
    case 'HOVER':
      return { kind: 'hover' };
    case 'INPUT':
      return value == null ? null : { kind: 'type', value };
    case 'SELECT':
      return value == null ? null : { kind: 'select', value };
    case 'CHANGE':
      if (toggled.has(step.target?.role ?? ''))
        return causes(previous, step) ? null : { kind: 'click' };
      return value == null ? null : { kind: 'type', value };
    case 'KEY_PRESS': {
      if (!key) return null;
      const held = (['Control', 'Alt', 'Meta', 'Shift'] as const).filter(
        (name) =>
          name !== key && modifiers?.[name.toLowerCase() as 'control' | 'alt' | 'meta' | 'shift'],
      );
      return { kind: 'press', key, held };
    }
    case 'SCROLL':
      return { kind: 'scroll', x: step.after?.scrollX ?? 0, y: step.after?.scrollY ?? 0 };
    default:
      return null;
  }
}

/** Whether the step before is the click or key that made this change. */
function causes(previous: SessionStep | null, { target }: SessionStep): boolean {
  const isCause = previous?.type === 'CLICK' || previous?.type === 'KEY_PRESS';
  return isCause && previous?.target?.name === target?.name;
}
