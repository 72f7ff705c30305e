import * as z from 'zod';
import { describeAnswer } from '../example.ts';
import type { SessionStep } from '../session-steps.ts';
import { type Act, actOf } from './acts.ts';
import type { Exporter, ExportSession, Piece } from './exporter.ts';
import { fitting, linesKind } from './lines.ts';
import { tarEnd, tarEntry } from './tar.ts';

const Step = z.strictObject({
  index: z.int().nonnegative(),
  /** In `images/`; empty where there is no picture from before the action. */
  image: z.string(),
  value: z.strictObject({
    code: z.string().min(1),
    observation: z.string(),
    thought: z.string(),
    action: z.string().min(1),
    last_step_correct: z.boolean(),
    last_step_redundant: z.boolean(),
    reflection: z.string(),
  }),
});

const Task = z.strictObject({
  task_id: z.string(),
  instruction: z.string(),
  task_completed: z.boolean(),
  alignment_score: z.int().min(0).max(10),
  efficiency_score: z.int().min(0).max(10),
  task_difficulty: z.int().min(0).max(10),
  reason: z.string(),
  actual_task: z.string(),
  natural_language_task: z.string(),
  traj: z.array(Step).min(1),
});

export type AgentNetTask = z.infer<typeof Task>;

/**
 * AgentNet: a trajectory on each line, its pictures in archives beside it. What its annotators wrote (thoughts,
 * reflections, scores) nobody wrote here: these fields are empty or 0 and `reason` says so.
 */
export const agentnet: Exporter = {
  kinds: [
    linesKind(tasks),
    {
      folder: 'images/',
      extension: 'tar',
      mediaType: 'application/x-tar',
      isSeparable: true,
      open: () => ({
        session: pictures,
        end: () => [{ bytes: tarEnd, records: 0 }],
      }),
    },
  ],
};

async function* tasks(session: ExportSession): AsyncGenerator<string> {
  const { sessionId, task } = session.head;
  const traj: z.infer<typeof Step>[] = [];
  let previous: SessionStep | null = null;
  for await (const step of session.steps) {
    const act = actOf(step, previous);
    const code = act && codeOf(act, step);
    previous = step;
    if (!code) continue;
    const action = step.example ? describeAnswer(step.example) : `${act.kind} ${nameOf(step)}`;
    traj.push(stepOf(traj.length, step.picture ? imageOf(session, step) : '', code, action));
  }
  if (traj.length === 0) return;
  traj.push(stepOf(traj.length, '', `computer.terminate(status='success')`, 'end the task'));
  const line = {
    task_id: sessionId,
    instruction: task ?? '',
    task_completed: true,
    alignment_score: 0,
    efficiency_score: 0,
    task_difficulty: 0,
    reason: 'Recorded from a person; not annotated.',
    actual_task: task ?? '',
    natural_language_task: task ?? '',
    traj,
  };
  yield JSON.stringify(fitting(Task, line, session));
}

async function* pictures(session: ExportSession): AsyncGenerator<Piece> {
  for await (const step of session.steps) {
    const bytes = step.picture && (await session.picture(step.picture));
    if (bytes) yield { bytes: tarEntry(imageOf(session, step), bytes), records: 1 };
  }
}

function stepOf(index: number, image: string, code: string, action: string) {
  const value = { code, observation: '', thought: '', action, reflection: '' };
  return { index, image, value: { ...value, last_step_correct: true, last_step_redundant: false } };
}

function imageOf({ head }: ExportSession, { sequence, picture }: SessionStep): string {
  const extension = picture?.mimeType.replace('image/', '') ?? 'webp';
  return `${head.sessionId}-${sequence}.${extension}`;
}

/** The action in pyautogui's words; places are shares of the viewport. `null` where the place is not known. */
function codeOf(act: Act, step: SessionStep): string | null {
  if (act.kind === 'scroll') {
    const down = (step.after?.scrollY ?? 0) - (step.before?.scrollY ?? 0);
    return `pyautogui.scroll(${-Math.round(down / 100)})`;
  }
  if (act.kind === 'press')
    return act.held.length > 0
      ? `pyautogui.hotkey([${[...act.held, act.key].map((key) => literal(key.toLowerCase())).join(', ')}])`
      : `pyautogui.press(keys=[${literal(act.key.toLowerCase())}])`;
  if (act.kind === 'type' || act.kind === 'select')
    return `pyautogui.write(message=${literal(act.value)})`;
  const place = placeOf(step);
  if (!place) return null;
  const calls = {
    click: 'click',
    double_click: 'doubleClick',
    right_click: 'rightClick',
    hover: 'moveTo',
  };
  return `pyautogui.${calls[act.kind]}(x=${place.x}, y=${place.y})`;
}

/** Where the action was, as shares of the viewport from its top left corner; the target's middle without a pointer. */
function placeOf({ pointer, target, before }: SessionStep): { x: string; y: string } | null {
  const box = target?.rectangle;
  const x = pointer?.clientX ?? (box ? box.x + box.width / 2 : null);
  const y = pointer?.clientY ?? (box ? box.y + box.height / 2 : null);
  const { viewportWidth, viewportHeight } = before ?? {};
  if (x === null || y === null || !viewportWidth || !viewportHeight) return null;
  const share = (part: number, whole: number) => Math.min(1, Math.max(0, part / whole)).toFixed(4);
  return { x: share(x, viewportWidth), y: share(y, viewportHeight) };
}

function nameOf({ target }: SessionStep): string {
  return target?.name ?? target?.text ?? target?.tag ?? 'the page';
}

/** A string of Python. */
function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
}
