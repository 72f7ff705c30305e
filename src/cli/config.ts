import type { Command } from 'commander';
import { configTable } from '../platform/config.ts';
import { paint, print, printJson, table } from './print.ts';

/** `codesight config` */
export function addConfig(program: Command): void {
  program
    .command('config')
    .summary('list every environment variable, its default and its meaning')
    .description('Lists every environment variable that CodeSight reads. None is needed to start.')
    .option('--json', 'as JSON')
    .option('--markdown', 'as a Markdown table')
    .addHelpText(
      'after',
      `
Examples:
  codesight config                    for reading
  codesight config --markdown         for a document
  PORT=8080 DATA_DIR=/srv/cs npm start`,
    )
    .action(({ json, markdown }: { json?: boolean; markdown?: boolean }) => {
      const rows = configTable();
      if (json) printJson(rows);
      else if (markdown) print(asMarkdown(rows));
      else {
        const cells = rows.map(({ name, fallback, description }) => [
          name,
          fallback || '–',
          description,
        ]);
        const [head = '', ...lines] = table([['Variable', 'Default', 'Meaning'], ...cells]).split(
          '\n',
        );
        print([paint.strong(head), ...lines].join('\n'));
      }
    });
}

function asMarkdown(rows: ReturnType<typeof configTable>): string {
  const cell = (text: string) => text.replaceAll('|', '\\|');
  return [
    '| Variable | Default | Meaning |',
    '|---|---|---|',
    ...rows.map(
      ({ name, fallback, description }) =>
        `| \`${name}\` | ${fallback ? `\`${cell(fallback)}\`` : '–'} | ${cell(description)} |`,
    ),
  ].join('\n');
}
