import * as z from 'zod';
import { apiScopes, roles } from '../contract/accounts.ts';
import { isStorable } from '../contract/text.ts';
import { wordsOf } from '../contract/vocabulary.ts';
import { redactText } from '../lib/redact/text.ts';

const nameChars = 100;
const passwordChars = { min: 12, max: 1_024 }; // NIST SP 800-63B-4, 3.1.1.2 asks for 8 beside a second factor, 15 alone
const mostOverlapMinutes = 30 * 24 * 60;

const id = z.uuid('expected a UUID').toLowerCase();
const name = z
  .string()
  .trim()
  .min(1, 'expected a name, got nothing')
  .max(nameChars, `expected at most ${nameChars} characters`)
  .refine(isStorable, 'expected text without NUL and half surrogates');
const label = name.refine(
  (text) => redactText(text) === text,
  'expected a label that holds no personal data, such as P-17',
);
const email = z.string().trim().toLowerCase().max(254).pipe(z.email('expected an e-mail address'));
const token = z.string().min(1).max(256);

export const CreateApiKeyInput = z.object({
  id,
  name: name.transform(redactText),
  scopes: z
    .array(z.enum(wordsOf(apiScopes)))
    .min(1, 'expected at least one scope')
    .transform((scopes) => [...new Set(scopes)]),
  participantId: id.nullish(),
  participantLabel: label.nullish(),
  expiresAt: z.date().nullish(),
});

export const RotateApiKeyInput = z.object({
  id,
  keyId: id,
  overlapMinutes: z
    .int()
    .min(0, 'expected minutes from 0')
    .max(mostOverlapMinutes, `expected at most ${mostOverlapMinutes} minutes, which are 30 days`)
    .nullish()
    .transform((minutes) => minutes ?? 24 * 60),
  expiresAt: z.date().nullish(),
});

export const RevokeApiKeyInput = z.object({ keyId: id });

export const CreateParticipantInput = z.object({ id, label });

export const CreateUserInput = z.object({
  id,
  email,
  name,
  password: z
    .string()
    .min(passwordChars.min, `expected at least ${passwordChars.min} characters`)
    .max(passwordChars.max, `expected at most ${passwordChars.max} characters`)
    .refine(isStorable, 'expected text without NUL and half surrogates'),
  role: z.enum(wordsOf(roles)),
});

export const SignInInput = z.object({
  email: z.string().trim().toLowerCase().max(254),
  password: z.string().max(passwordChars.max),
  projectId: id.nullish().transform((projectId) => projectId ?? null),
});

export const RefreshInput = z.object({ refreshToken: token, operationId: id });

export const SignOutInput = z.object({ refreshToken: token });
