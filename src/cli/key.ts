import { type Command, InvalidArgumentError, Option } from 'commander';
import { allScopes, createKey, isLive, listKeys, revokeKey, rotateKey } from '../accounts/keys.ts';
import { type ApiScope, apiScopes } from '../contract/accounts.ts';
import { newId } from '../lib/ids.ts';
import { loadProcessConfig } from '../platform/config.ts';
import { type Desk, withDatabase } from './database.ts';
import { CommandError } from './failure.ts';
import { paint, print, printJson, table } from './print.ts';
import { findProject } from './project.ts';

type CreateOptions = {
  scope: ApiScope[];
  name: string;
  participant?: string;
  project?: string;
  expires?: Date;
  json?: boolean;
};

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** `codesight key …`: works on the database itself, so it needs no key. */
export function addKey(program: Command): void {
  const key = program
    .command('key')
    .summary('create, list, revoke and rotate API keys')
    .description(
      'API keys. Works on the database itself, beside a running server or without one: whoever can reach the database may make keys.',
    );
  key
    .command('create')
    .summary('create a key and print it, once')
    .description('Creates a key. The key itself is shown this once and stored nowhere.')
    .addOption(
      new Option('--scope <list>', `what it may do: ${Object.keys(apiScopes).join(', ')}`)
        .argParser(parseScopes)
        .makeOptionMandatory(),
    )
    .option('--name <name>', 'what it is for', 'command line')
    .option('--participant <label>', 'whose sessions it records; made when new (CAPTURE needs one)')
    .option('--project <id>', 'project, by id or name; not needed when there is only one')
    .option('--expires <when>', 'how long it lives, as 90d, 12h or 4w; or a date', parseExpiry)
    .option('--json', 'as JSON, for scripts')
    .addHelpText(
      'after',
      `
Scopes:
${Object.entries(apiScopes)
  .map(([scope, meaning]) => `  ${scope.padEnd(8)} ${meaning}`)
  .join('\n')}

Examples:
  codesight key create --scope CAPTURE,READ --participant anna
  codesight key create --scope READ --expires 90d --json`,
    )
    .action((options: CreateOptions) => withDesk((desk) => create(desk, options)));
  key
    .command('list')
    .summary('list keys; never the secrets')
    .option('--project <id>', 'project, by id or name')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  codesight key list')
    .action((options: { project?: string; json?: boolean }) =>
      withDesk((desk) => list(desk, options)),
    );
  key
    .command('revoke')
    .argument('<id>', 'id of the key, as `key list` shows it')
    .summary('end a key for good; its connections close within seconds')
    .addHelpText('after', '\nExample:\n  codesight key revoke 01a1fb76-686b-750f-afb4-bb1ec3945610')
    .action((id: string) =>
      withDesk(async (desk) => {
        const { projectId } = await requireKey(desk, id);
        await revokeKey(desk, { projectId, keyId: id, now: new Date() });
        print(`Revoked ${id}.`);
      }),
    );
  key
    .command('rotate')
    .argument('<id>', 'id of the key, as `key list` shows it')
    .summary('make the next key; the old one stays good for a while')
    .option('--overlap <minutes>', 'minutes for which the old one stays good', parseMinutes, 60)
    .option(
      '--expires <when>',
      'how long the new one lives, as 90d; else as long as the old one was made to',
      parseExpiry,
    )
    .option('--json', 'as JSON, for scripts')
    .addHelpText(
      'after',
      '\nExample:\n  codesight key rotate 01a1fb76-686b-750f-afb4-bb1ec3945610 --overlap 120',
    )
    .action((id: string, options: { overlap: number; expires?: Date; json?: boolean }) =>
      withDesk((desk) => rotate(desk, id, options)),
    );
}

function withDesk(use: (desk: Desk) => Promise<void>): Promise<void> {
  return withDatabase(loadProcessConfig(), use);
}

async function create(desk: Desk, options: CreateOptions): Promise<void> {
  const { scope: scopes, name, participant, expires: expiresAt, json } = options;
  if (scopes.includes('CAPTURE') && !participant && scopes.length === 1)
    throw new CommandError(
      'Expected --participant LABEL for a key that only captures: whose sessions are they?',
    );
  const projectId = await findProject(desk, options.project);
  const { id, secret } = await createKey(
    desk,
    { projectId, scopes: allScopes },
    {
      id: newId(),
      name,
      scopes,
      participantLabel: participant ?? (scopes.includes('CAPTURE') ? name : null),
      expiresAt,
      now: new Date(),
    },
  );
  if (json) return printJson({ id, secret, name, scopes, projectId, expiresAt: expiresAt ?? null });
  print(secret);
  print(
    paint.faint(
      `Id ${id}, ${scopes.join(', ')}${expiresAt ? `, until ${expiresAt.toISOString()}` : ''}. Shown this once.`,
    ),
  );
}

async function rotate(
  desk: Desk,
  keyId: string,
  {
    overlap: overlapMinutes,
    expires: expiresAt,
    json,
  }: { overlap: number; expires?: Date; json?: boolean },
): Promise<void> {
  const { projectId } = await requireKey(desk, keyId);
  const { id, secret } = await rotateKey(
    desk,
    { projectId, scopes: allScopes },
    { id: newId(), keyId, overlapMinutes, expiresAt, now: new Date() },
  );
  if (json) return printJson({ id, secret, rotatedFrom: keyId, overlapMinutes });
  print(secret);
  print(
    paint.faint(`Id ${id}. Shown this once. ${keyId} stays good for ${overlapMinutes} minutes.`),
  );
}

async function list(
  desk: Desk,
  { project, json }: { project?: string; json?: boolean },
): Promise<void> {
  const keys = await listKeys(desk, { projectId: await findProject(desk, project) });
  if (json) return printJson(keys);
  if (keys.length === 0)
    return print('No keys. Make one with: codesight key create --scope CAPTURE,READ');
  const rows = keys.map((key) => [
    key.id,
    stateOf(key),
    key.lastUsedAt?.toISOString().slice(0, 16).replace('T', ' ') ?? 'never',
    key.scopes.join(','),
    key.name,
  ]);
  print(table([['Id', 'State', 'Last used', 'Scopes', 'Name'], ...rows]));
}

function stateOf(key: Awaited<ReturnType<typeof listKeys>>[number]): string {
  if (key.revokedAt) return 'revoked';
  if (!isLive(key, new Date())) return 'expired';
  return key.expiresAt ? `until ${key.expiresAt.toISOString().slice(0, 10)}` : 'good';
}

async function requireKey({ db }: Desk, id: string): Promise<{ projectId: string }> {
  const isId = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);
  const found =
    isId && (await db.apiKey.findUnique({ where: { id }, select: { projectId: true } }));
  if (found) return found;
  throw new CommandError(
    `Expected the id of a key, as \`codesight key list\` shows it, got ${id}.`,
  );
}

function parseScopes(text: string): ApiScope[] {
  const scopes = text
    .split(',')
    .map((scope) => scope.trim().toUpperCase())
    .filter(Boolean);
  const unknown = scopes.filter((scope) => !Object.hasOwn(apiScopes, scope));
  if (unknown.length > 0 || scopes.length === 0)
    throw new InvalidArgumentError(
      `Expected some of ${Object.keys(apiScopes).join(', ')}, separated by commas.`,
    );
  return [...new Set(scopes)] as ApiScope[];
}

function parseExpiry(text: string): Date {
  const [, number, unit] = /^(\d{1,4})([mhdw])$/.exec(text) ?? [];
  const at = number
    ? Date.now() + Number(number) * unitMs[unit as keyof typeof unitMs]
    : Date.parse(text);
  if (!Number.isFinite(at) || at <= Date.now())
    throw new InvalidArgumentError(
      'Expected a time like 90d, 12h, 30m or 4w, or a date in the future.',
    );
  return new Date(at);
}

function parseMinutes(text: string): number {
  const minutes = Number(text);
  if (!Number.isInteger(minutes) || minutes < 0 || minutes > 43_200)
    throw new InvalidArgumentError('Expected whole minutes, from 0 to 43200.');
  return minutes;
}
