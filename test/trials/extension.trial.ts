import { test } from 'vitest';
import { endure } from '../extension-trial.ts';
import { upTo } from '../sessions.ts';
import { seed } from './seed.ts';

const trials = 20;

for (const number of upTo(trials))
  test(`a session is recorded while everything around it fails: ${number} of ${trials}`, async () => {
    const { hardships, unsure, dropped } = await endure(`${seed}/${number}`);

    process.stdout.write(
      `${number}: ${hardships.join(', ') || 'calm'}; ${unsure} clicks right before a kill are missing, ${dropped} pictures given up\n`,
    );
  });
