import * as z from 'zod';
import { type Operation, operations } from '../../datasets/example.ts';
import { extraParameter, instruction, promptOf, tools } from '../../datasets/prompt.ts';
import type { Model } from '../../generated/prisma/client.ts';
import type { App } from '../../platform/app.ts';
import { unseal } from '../../platform/keys.ts';
import { type ChatAnswer, type ChatContent, modelServerOf } from '../../platform/model.ts';
import type { Answer, Answerer, Question } from '../answerer.ts';
import { openEndpointFetch, requireEndpoint } from '../endpoint.ts';
import { openOwnKey } from '../job-key.ts';
import { chancesFrom } from './chances.ts';

type Said = Pick<Answer, 'ranked' | 'operation' | 'value' | 'problem'>;

const Arguments = z.looseObject({ ref: z.string() });

/** What a model's endpoint key is sealed as. */
export function secretContext(modelId: string): string {
  return `model-secret/${modelId}`;
}

/** Opens a chat model at OpenAI or at any server with its API: it is asked what the training files ask. */
export async function openChatAnswerer(
  app: Pick<App, 'config' | 'keys'>,
  model: Model,
): Promise<Answerer> {
  const server = modelServerOf(app.config, await addressOf(app, model));
  const { providerModel } = model;
  if (!providerModel) throw new Error(`Expected a name of model ${model.id} at its server.`);
  return {
    name: model.name,
    seesPictures: model.pictures,
    async answer({ image, ...question }, signal) {
      const begun = performance.now();
      const said = await server.chat(
        {
          model: providerModel,
          messages: [
            { role: 'system', content: instruction },
            {
              role: 'user',
              content: contentOf(promptOf({ ...question, answer: noAnswer }), image),
            },
          ],
          tools: tools as Parameters<typeof server.chat>[0]['tools'],
        },
        signal,
      );
      return {
        ...readAnswer(said, question),
        latencyMs: performance.now() - begun,
        costUsd: costOf(said, model),
      };
    },
  };
}

/** As in the training file. */
function contentOf(text: string, image: string | undefined): ChatContent {
  if (!image) return text;
  return [
    { type: 'text', text },
    { type: 'image_url', image_url: { url: image, detail: 'low' } },
  ];
}

const noAnswer = { ref: '', operation: 'click', value: null } as const; // the prompt does not tell it

async function addressOf(
  app: Pick<App, 'config' | 'keys'>,
  model: Model,
): Promise<Parameters<typeof modelServerOf>[1]> {
  const { endpoint, secret, id } = model;
  if (!endpoint)
    return { baseUrl: app.config.models.baseUrl, apiKey: app.config.models.apiKey ?? null };
  await requireEndpoint(app, endpoint);
  const apiKey = secret
    ? unseal(openOwnKey(app, model), secret, secretContext(id)).toString('utf8')
    : null;
  return { baseUrl: endpoint, apiKey, fetch: openEndpointFetch(app, endpoint) };
}

function readAnswer({ call, text, chances }: ChatAnswer, { candidates }: Question): Said {
  const wrong = (problem: string): Said => ({
    ranked: [],
    operation: 'click',
    value: null,
    problem,
  });
  if (!call) return wrong(`It called no tool, and said ${JSON.stringify(clip(text ?? ''))}.`);
  const operation = operations.find((known) => known === call.name);
  if (!operation) return wrong(`It called an unknown tool ${JSON.stringify(clip(call.name))}.`);
  const given = Arguments.safeParse(parse(call.arguments));
  if (!given.success) return wrong(`It called ${operation} without a ref.`);
  const { ref } = given.data;
  if (!candidates.some((candidate) => candidate.ref === ref))
    return wrong(`It chose ${JSON.stringify(clip(ref))}, which is no candidate.`);
  const refs = candidates.map((candidate) => candidate.ref);
  const ranked = chances && chancesFrom(chances, ref, refs);
  return {
    ranked: ranked ?? [{ ref, confidence: null }],
    operation,
    value: saidValue(operation, given.data),
    problem: null,
  };
}

function saidValue(operation: Operation, given: Record<string, unknown>): string | null {
  const [name] = extraParameter[operation] ?? [];
  if (!name) return null;
  const value = given[name];
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value);
}

function costOf({ tokens }: ChatAnswer, { inputPrice, outputPrice }: Model): number | null {
  if (!tokens || inputPrice === null || outputPrice === null) return null;
  return (tokens.input * inputPrice + tokens.output * outputPrice) / 1e6;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}
