import * as z from 'zod';
import { sha256, text } from './text.ts';

/** That a participant agreed to be recorded, and to which text. */
export const ConsentRecord = z.object({
  id: z.uuid(),
  /** The project's own name of this version of the text. */
  version: text(64).regex(/^[\w.-]+$/, 'expected letters, digits, ".", "_" and "-"'),
  /** Of the text as it was shown, in UTF-8. */
  textSha256: sha256,
  /** BCP 47, https://www.rfc-editor.org/rfc/rfc5646. */
  locale: text(35).regex(
    /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/,
    'expected a BCP 47 tag, for example "en" or "de-AT"',
  ),
  acceptedAt: z.iso.datetime({ offset: true }),
});

export type ConsentRecord = z.infer<typeof ConsentRecord>;
