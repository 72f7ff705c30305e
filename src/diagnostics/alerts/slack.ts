import { type Message, shorten } from './message.ts';

/** Limits of https://docs.slack.dev/reference/block-kit/blocks and of messages in all. */
const most = { header: 150, section: 3_000, fields: 10, field: 2_000, text: 4_000 };

/** The message for a Slack incoming webhook: text for notifications, blocks for reading. */
export function slackBody({ headline, text, severity, link, facts, at }: Message): string {
  const words = escaped(text, most.section - link.length - 50);
  return JSON.stringify({
    text: escaped(headline, most.text),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: shorten(`${signs[severity]} ${headline}`, most.header) },
      },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: `${words}\n<${link}|Read on in CodeSight>` },
      },
      {
        type: 'section',
        fields: facts.slice(0, most.fields).map(({ name, value }) => ({
          type: 'mrkdwn',
          text: `*${escaped(name, 100)}*\n${escaped(value, 900)}`, // ten of them and the rest stay under 13,000
        })),
      },
      {
        type: 'context',
        elements: [{ type: 'mrkdwn', text: `${severity} · ${at.toISOString()}` }],
      },
    ],
    unfurl_links: false,
  });
}

const signs = { CRITICAL: '🔴', HIGH: '🟠', MEDIUM: '🟡', LOW: '🔵', INFO: '⚪' };

/** Slack's three characters escaped, cut so that the result is within the limit and no escape is halved. */
function escaped(text: string, limit: number): string {
  const whole = safe(text);
  if (whole.length <= limit) return whole;
  let length = Math.min(text.length, limit);
  while (safe(shorten(text, length)).length > limit) length -= Math.ceil(length / 20);
  return safe(shorten(text, length));
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
function safe(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
