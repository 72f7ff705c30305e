import { type Message, shorten } from './message.ts';

/** Limits of https://discord.com/developers/docs/resources/message#embed-object; 6,000 in all. */
const most = { title: 256, description: 4_096, fields: 25, name: 256, value: 1_024, all: 6_000 };

/** The message for a Discord webhook: one embed, and nobody is mentioned. */
export function discordBody({ headline, text, severity, link, facts, at }: Message): string {
  const footer = `CodeSight · ${severity}`;
  const title = shorten(plain(headline), most.title);
  const fields = facts.slice(0, most.fields).map(({ name, value }) => ({
    name: shorten(name, most.name),
    value: shorten(plain(value), most.value),
    inline: true,
  }));
  const used = [title, footer, ...fields.flatMap(({ name, value }) => [name, value])].join(
    '',
  ).length;
  return JSON.stringify({
    embeds: [
      {
        title,
        url: link,
        description: shorten(plain(text), Math.min(most.description, most.all - used)),
        color: colours[severity],
        fields,
        footer: { text: footer },
        timestamp: at.toISOString(),
      },
    ],
    allowed_mentions: { parse: [] },
  });
}

const colours = {
  CRITICAL: 0xd92d20,
  HIGH: 0xf79009,
  MEDIUM: 0xfdb022,
  LOW: 0x2e90fa,
  INFO: 0x98a2b3,
};

/** Words that stay words: an error's message must not become a link or a heading. */
function plain(text: string): string {
  return text.replaceAll(/[\\`*_~|[\]()<>#]/g, '\\$&');
}
