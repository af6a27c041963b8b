export { findingLine, findingPlace, type Finding, type LintReport } from './findings.ts';
export { Lint } from './lint.ts';
