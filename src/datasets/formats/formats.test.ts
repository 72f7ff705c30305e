import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { parse } from '@puppeteer/replay';
import sharp from 'sharp';
import { expect, onTestFinished, test } from 'vitest';
import { makeViewer } from '../../../test/app.ts';
import { entriesOf, exported, toFiles } from '../../../test/exported.ts';
import { openWorkingApp, playRecorded, until } from '../../../test/recorded.ts';
import { readShop } from '../../../test/shop.ts';
import { wordsOf } from '../../contract/vocabulary.ts';
import { openSession } from '../../sessions/session-keys.ts';
import type { Example } from '../example.ts';
import { checkLeaks } from '../leak.ts';
import { toChatLine } from '../openai.ts';
import { validateChatFile } from '../openai-rules.ts';
import { type SessionStep, streamSession } from '../session-steps.ts';
import type { AgentNetTask } from './agentnet.ts';
import type { BrowserUseHistory } from './browser-use.ts';
import { exportFormats } from './formats.ts';
import type { Mind2WebTask } from './mind2web.ts';

const linesOf = (file: Buffer | undefined) => (file ? String(file).trimEnd().split('\n') : []);

/** The shop's session, exported in every format once. */
async function exportShop() {
  const app = await openWorkingApp(toFiles);
  const viewer = await makeViewer(app);
  const recorded = await readShop();
  const sessionId = await playRecorded(app, viewer, recorded);
  await until(app, sessionId, 'READY');
  const access = await openSession(app, sessionId);
  if (!access) throw new Error('expected a key');
  const ids = { projectId: viewer.projectId, sessionId };
  const steps: SessionStep[] = await Array.fromAsync(streamSession(app, ids, access.key));
  const examples = steps.flatMap((step) =>
    step.example ? [{ ...step, example: step.example }] : [],
  );
  const files = new Map<string, Map<string, Buffer>>();
  for (const format of wordsOf(exportFormats))
    files.set(format, await exported(app, viewer, sessionId, format));
  return {
    recorded,
    sessionId,
    steps,
    examples,
    fileOf: (format: string, path: string) => files.get(format)?.get(path),
  };
}

test('one session gives every format, and each is read back for what was put in', {
  timeout: 120_000,
}, async () => {
  const { sessionId, examples, fileOf } = await exportShop();
  expect(examples.length).toBeGreaterThan(25);
  const pictured = examples.filter(({ picture }) => picture);
  expect(pictured.length).toBeGreaterThan(20);

  // OpenAI chat: what the example says, line by line.
  const chat = linesOf(fileOf('OPENAI_CHAT', 'session.jsonl'));
  expect(chat).toEqual(examples.map(({ example }) => toChatLine(example)));

  // Vision: the same words, and a picture that can be decoded.
  const vision = linesOf(fileOf('OPENAI_CHAT_VISION', 'session.jsonl'));
  expect(vision).toHaveLength(pictured.length);
  expect(validateChatFile(vision)).toMatchObject({ errors: 0, linesWithImages: vision.length });
  expect(checkLeaks(vision)).toMatchObject({ passed: true, imagesUnread: vision.length });
  const { messages } = JSON.parse(vision[0] ?? '{}');
  const jpeg = Buffer.from(messages[1].content[1].image_url.url.split(',')[1], 'base64');
  expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 1280 });

  // DPO: the answer is preferred to another candidate of the same page.
  for (const [at, line] of linesOf(fileOf('OPENAI_DPO', 'session.jsonl')).entries()) {
    const { input, preferred_output, non_preferred_output } = JSON.parse(line);
    const refOf = (output: typeof preferred_output) =>
      JSON.parse(output[0].tool_calls[0].function.arguments).ref;
    const example = examples.find(({ example: { url, outline } }) =>
      input.messages[1].content.includes(`${url}\n\nOutline:\n${outline}`),
    )?.example as Example;
    expect(refOf(non_preferred_output), `line ${at + 1}`).not.toBe(refOf(preferred_output));
    expect(example.candidates.map(({ ref }) => ref)).toContain(refOf(non_preferred_output));
  }

  // Mind2Web: no positive is lost, in the raw page and in the cleaned one.
  const [task] = linesOf(fileOf('MIND2WEB', 'session.jsonl')).map(
    (line): Mind2WebTask => JSON.parse(line),
  );
  expect(task?.annotation_id).toBe(sessionId);
  expect(task?.actions).toHaveLength(examples.length);
  for (const { raw_html, cleaned_html, pos_candidates, neg_candidates } of task?.actions ?? []) {
    const mark = `backend_node_id="${pos_candidates[0]?.backend_node_id}"`;
    expect([raw_html.includes(mark), cleaned_html.includes(mark)]).toEqual([true, true]);
    expect(neg_candidates.length).toBeGreaterThan(0);
    for (const { attributes } of [...pos_candidates, ...neg_candidates])
      expect(JSON.parse(attributes)).toHaveProperty('backend_node_id');
  }
  expect(task?.action_reprs).toContain('[combobox] Search products -> TYPE: rain jacket');
  expect(task?.action_reprs).toContain('[button] Place order -> CLICK');
  const rows = linesOf(fileOf('MIND2WEB', 'multimodal/session.jsonl')).map((line) =>
    JSON.parse(line),
  );
  expect(rows).toHaveLength(pictured.length);
  expect(task?.action_reprs[Number(rows[3].target_action_index)]).toBe(rows[3].target_action_reprs);
  const shot = await sharp(Buffer.from(rows[0].screenshot.bytes, 'base64')).metadata();
  expect(shot.format).toBe('webp');

  // Chrome Recorder: its own parser takes it.
  const flow = parse(JSON.parse(String(fileOf('CHROME_RECORDER', 'session.json'))));
  expect(flow.steps.length).toBeGreaterThan(35);
  expect(flow.steps[1]).toMatchObject({ type: 'navigate' });

  // AgentNet: every action where it was, and its picture in the archive.
  const [trajectory] = linesOf(fileOf('AGENTNET', 'session.jsonl')).map(
    (line): AgentNetTask => JSON.parse(line),
  );
  const images = entriesOf(fileOf('AGENTNET', 'images/session.tar') ?? Buffer.alloc(0));
  const named = trajectory?.traj.map(({ image }) => image).filter((image) => image !== '') ?? [];
  expect(named.length).toBeGreaterThan(20);
  expect(named.filter((image) => !images.has(image))).toEqual([]);
  expect(trajectory?.traj[0]?.value.code).toMatch(/^pyautogui\.click\(x=0\.\d{4}, y=0\.\d{4}\)$/);
  expect(trajectory?.traj.at(-1)?.value.code).toBe(`computer.terminate(status='success')`);

  // browser-use: a history with its pictures.
  const use = entriesOf(fileOf('BROWSER_USE', 'session.tar') ?? Buffer.alloc(0));
  const { history }: BrowserUseHistory = JSON.parse(String(use.get(`${sessionId}/history.json`)));
  expect(history.at(-1)?.result[0]).toMatchObject({ is_done: true, success: true });
  const paths = history.flatMap(({ state }) => state.screenshot_path ?? []);
  expect(paths.filter((path) => !use.has(path))).toEqual([]);
  expect(history.map(({ model_output }) => Object.keys(model_output?.action[0] ?? {})[0])).toEqual(
    expect.arrayContaining(['navigate', 'click', 'input', 'select_dropdown', 'send_keys']),
  );

  // Parquet: DuckDB reads the rows, the pictures and the card's splits.
  const folder = await mkdtemp(join(tmpdir(), 'codesight-parquet-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'session.parquet');
  await writeFile(path, fileOf('PARQUET', 'data/session.parquet') ?? '');
  const duck = await (await DuckDBInstance.create()).connect();
  const read = await duck.runAndReadAll(
    `SELECT step, task, observation, candidates, operation, answer, value, octet_length(image) AS bytes
     FROM read_parquet('${path}') ORDER BY step`,
  );
  expect(read.getRowObjectsJson()).toMatchObject(
    examples.map(({ sequence, example, picture }) => ({
      step: sequence,
      task: example.task,
      observation: example.outline,
      candidates: JSON.stringify(example.candidates),
      operation: example.answer.operation,
      answer: example.answer.ref,
      value: example.answer.value,
      bytes: picture ? expect.any(String) : null,
    })),
  );
  duck.closeSync();
  expect(String(fileOf('PARQUET', 'README.md'))).toContain(`num_examples: ${examples.length}`);
});
