import type { ApiScope, Role } from '../contract/accounts.ts';
import type { App } from '../platform/app.ts';
import {
  EmailTakenError,
  IdTakenError,
  RoleNotGrantableError,
  ScopesExceededError,
} from './errors.ts';
import { allScopes, type Grantor } from './keys.ts';
import { hashPassword } from './passwords.ts';

/** What each role may do, in the scopes of keys. */
export const scopesOfRole: Record<Role, ReadonlySet<ApiScope>> = {
  OWNER: allScopes,
  ADMIN: allScopes,
  REVIEWER: new Set(['READ']),
  VIEWER: new Set(['READ']),
};

/**
 * Makes a user and member of the grantor's project; a repeat with the same id and e-mail address
 * changes nothing, the password and role of the first time included.
 *
 * @param by the key or user who asks; only an owner makes another owner, unless there is none yet
 * @param email lower-case
 * @throws {IdTakenError} the id is another user's
 * @throws {EmailTakenError} there is a user with the address, of this project or another
 * @throws {ScopesExceededError} the role may do what the grantor cannot
 * @throws {RoleNotGrantableError} OWNER, by somebody who is not one
 */
export async function createUser(
  { db }: Pick<App, 'db'>,
  by: Grantor & { kind: 'KEY' | 'USER'; id: string },
  {
    id,
    email,
    name,
    password,
    role,
    now,
  }: {
    id: string;
    email: string;
    name: string;
    password: string;
    role: Role;
    now: Date;
  },
): Promise<void> {
  const { projectId } = by;
  const existing = await db.user.findUnique({
    where: { id },
    select: { email: true, memberships: { where: { projectId } } },
  });
  if (existing?.email === email && existing.memberships.length > 0) return;
  if (existing) throw new IdTakenError(id);

  const missing = [...scopesOfRole[role]].filter((scope) => !by.scopes.has(scope));
  if (missing.length > 0) throw new ScopesExceededError(missing);
  const passwordHash = await hashPassword(password);
  await db.$transaction(async (tx) => {
    if (role === 'OWNER') {
      // The row of the project is the turnstile: two first owners cannot be made at once.
      await tx.$executeRaw`SELECT 1 FROM "Project" WHERE "id" = ${projectId}::uuid FOR UPDATE`;
      const owners = await tx.membership.findMany({ where: { projectId, role } });
      const isOwner = by.kind === 'USER' && owners.some(({ userId }) => userId === by.id);
      if (owners.length > 0 && !isOwner) throw new RoleNotGrantableError(role);
    }
    const { count } = await tx.user.createMany({
      data: [{ id, email, name, passwordHash, createdAt: now }],
      skipDuplicates: true,
    });
    if (count === 0) {
      // The same request may have come twice at once.
      const twin = await tx.user.findFirst({
        where: { id, email, memberships: { some: { projectId } } },
      });
      if (twin) return;
      throw new EmailTakenError();
    }
    await tx.membership.create({ data: { projectId, userId: id, role, createdAt: now } });
  });
}
