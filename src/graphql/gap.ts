import { builder } from './builder.ts';
import type { Viewer } from './context.ts';

/** Changes that were missed. */
export const Gap = builder.objectRef<{ cursor: string; viewer: Viewer }>('Gap').implement({
  description:
    'Changes up to `cursor` are no longer known; read what matters anew and go on from here.',
  fields: (t) => ({
    cursor: t.exposeString('cursor', { description: 'Resumes the subscription after the gap.' }),
  }),
});
