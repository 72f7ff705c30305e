import { errors, jwtVerify, SignJWT } from 'jose';
import * as z from 'zod';
import { type Role, roles } from '../contract/accounts.ts';
import { wordsOf } from '../contract/vocabulary.ts';
import type { App } from '../platform/app.ts';

/** What an access token says. The role is the one at signing, for clients; the server reads the present one. */
export type AccessClaims = {
  userId: string;
  projectId: string;
  role: Role;
  /** The sign-in that the token came from; ending it ends the token. */
  familyId: string;
  expiresAt: Date;
};

type Needs = Pick<App, 'keys' | 'config'>;

const issuer = 'codesight';
const audience = 'codesight-api';
const algorithm = 'HS256';
const type = 'at+jwt'; // RFC 9068, so that no other JWT of ours can ever pass for an access token
const shape = /^[\w-]+\.[\w-]+\.[\w-]+$/;

const Claims = z.object({
  sub: z.uuid(),
  project: z.uuid(),
  role: z.enum(wordsOf(roles)),
  sid: z.uuid(),
  exp: z.number(),
});

/** Signs an access token that is good for `ACCESS_TOKEN_MINUTES`. */
export async function signAccessToken(
  { keys, config }: Needs,
  { userId, projectId, role, familyId, now }: Omit<AccessClaims, 'expiresAt'> & { now: Date },
): Promise<{ accessToken: string; expiresAt: Date }> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const expires = issuedAt + config.auth.accessTokenMinutes * 60;
  const accessToken = await new SignJWT({ project: projectId, role, sid: familyId })
    .setProtectedHeader({ alg: algorithm, typ: type })
    .setSubject(userId)
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt(issuedAt)
    .setExpirationTime(expires)
    .sign(keys.derive('access-tokens'));
  return { accessToken, expiresAt: new Date(expires * 1000) };
}

/** Whether a text has the form of a JWT. */
export function looksLikeToken(text: string): boolean {
  return shape.test(text);
}

/** The claims of a token of ours; `EXPIRED` for one that was ours, `FORGED` for any other. */
export async function readAccessToken(
  { keys }: Pick<Needs, 'keys'>,
  token: string,
  now: Date,
): Promise<AccessClaims | 'EXPIRED' | 'FORGED'> {
  try {
    const { payload } = await jwtVerify(token, keys.derive('access-tokens'), {
      algorithms: [algorithm],
      typ: type,
      issuer,
      audience,
      currentDate: now,
    });
    const { sub, project, role, sid, exp } = Claims.parse(payload);
    return {
      userId: sub,
      projectId: project,
      role,
      familyId: sid,
      expiresAt: new Date(exp * 1000),
    };
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'EXPIRED'; // its signature was checked before
    if (error instanceof errors.JOSEError || error instanceof z.ZodError) return 'FORGED';
    throw error;
  }
}
