import type { App } from '../platform/app.ts';
import { type DataKey, seal, unseal } from '../platform/keys.ts';
import type { Run } from './trainer.ts';

type Owner = { id: string; generation: string; wrapped: Uint8Array };

/** The data key of a job or a model. */
export function openOwnKey({ keys }: Pick<App, 'keys'>, { id, ...key }: Owner): DataKey {
  return keys.open(id, key);
}

/** A new data key for a job or a model, as its row keeps it. */
export function newOwnKey(
  { keys }: Pick<App, 'keys'>,
  id: string,
): { generation: string; wrapped: Uint8Array<ArrayBuffer> } {
  const { generation, wrapped } = keys.create(id);
  return { generation, wrapped: new Uint8Array(wrapped) };
}

/** Where a job keeps an object of its own. */
export function objectKeyOf({ job }: Pick<Run, 'job'>, name: string): string {
  return `${job.projectId}/training/${job.id}/${name}`;
}

/** Seals and stores an object of a job. @returns its key in the store */
export async function keepObject(
  run: Pick<Run, 'app' | 'job' | 'key'>,
  name: string,
  bytes: Uint8Array,
): Promise<string> {
  const objectKey = objectKeyOf(run, name);
  await run.app.storage.put(objectKey, seal(run.key, bytes, objectKey));
  return objectKey;
}

/** @throws {ObjectMissingError} */
export async function readObject(
  { app, key }: Pick<Run, 'app' | 'key'>,
  objectKey: string,
): Promise<Buffer> {
  return unseal(key, await app.storage.get(objectKey), objectKey);
}
