export { findingLine, findingPlace, type Finding, type LintReport } from './findings.ts';
export { Lint } from './lint.ts';
export { ruleGroups, rules } from './rules/index.ts';
