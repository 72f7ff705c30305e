#!/usr/bin/env node
import { runCommand } from './cli/program.ts';

const code = await runCommand(process.argv.slice(2));
// Everything of ours is closed by now; the migration engine leaves a timer of ten seconds behind.
process.stdout.write('', () => process.exit(code));
