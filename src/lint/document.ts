/** The part of docs/lint.md that comes from the tables: from the heading `GENERATED_FROM` on. */
import { explanations } from './explained.ts';
import { ruleGroups } from './rules/index.ts';

export const GENERATED_FROM = '## What stock drivers do\n';

function explained(): string {
  return explanations
    .map(({ rules, who, why }) => `- ${rules.map((rule) => `\`${rule}\``).join(', ')}: ${who}. ${why}`)
    .join('\n');
}

const groups = (): string[] =>
  Object.entries(ruleGroups).map(([title, table]) => {
    const lines = Object.entries(table).map(
      ([id, { wrong, advice, section }]) => `- \`${id}\`: the driver ${wrong}. ${advice} (§${section})`,
    );
    return `### ${title}\n\n${lines.join('\n')}`;
  });

/** Markdown as prettier leaves it. */
export function lintDocument(): string {
  return [GENERATED_FROM, explained(), '', '## Rules', '', groups().join('\n\n'), ''].join('\n');
}
