import { expect, test } from 'vitest';
import { makeProject } from '../../../test/app.ts';
import { openOpenAiServer } from '../../../test/openai-server.ts';
import { makeChatModel } from '../../../test/suites.ts';
import { openTrainingApp, providerEnv } from '../../../test/training.ts';
import { openAnswerer, type Question } from '../answerer.ts';

const question: Question = {
  task: 'Buy the lamp',
  history: [],
  historyLeftOut: 0,
  url: 'https://shop.example/',
  title: 'Lamps',
  outline: '[e1] link "Help"\n[e2] button "Buy"\n[e3] button "Wait"',
  candidates: [
    { ref: 'e1', text: 'link "Help"', within: null },
    { ref: 'e2', text: 'button "Buy"', within: null },
    { ref: 'e3', text: 'button "Wait"', within: null },
  ],
};

async function openChat() {
  const fake = await openOpenAiServer();
  const app = await openTrainingApp(providerEnv(fake));
  const modelId = await makeChatModel(app, await makeProject(app));
  const model = await app.db.model.findUniqueOrThrow({ where: { id: modelId } });
  fake.answer = () => ({ name: 'click', arguments: { ref: 'e2' } });
  const answerer = await openAnswerer(app, model);
  const { signal } = new AbortController();
  return { fake, ask: () => answerer.answer(question, signal) };
}

test('where the server tells how likely its tokens were, candidates are ranked by it', async () => {
  const { fake, ask } = await openChat();
  fake.chances = () => ({ e2: 0.6, e3: 0.3, e1: 0.05 });

  const { ranked, operation, problem } = await ask();

  expect(ranked.map(({ ref }) => ref)).toEqual(['e2', 'e3', 'e1']);
  expect(ranked.map(({ confidence }) => Math.round((confidence ?? 0) * 100))).toEqual([60, 30, 5]);
  expect({ operation, problem }).toEqual({ operation: 'click', problem: null });
});

test('where it does not tell, nobody claims to know; where it refuses to, it is asked without, and not again', async () => {
  const { fake, ask } = await openChat();
  expect((await ask()).ranked).toEqual([{ ref: 'e2', confidence: null }]);

  fake.chances = 'refused';
  expect((await ask()).ranked).toEqual([{ ref: 'e2', confidence: null }]);
  const before = fake.requests.length;
  expect((await ask()).problem).toBeNull();
  expect(fake.requests.length).toBe(before + 1);

  fake.fail(/chat/, { how: 'status', status: 400, message: 'No such thing.' });
  await expect(ask()).rejects.toThrow(/No such thing/);
});
