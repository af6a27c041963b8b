export { LabError } from './errors.ts';
export { defaultKernel, kernelSuites } from './kernel.ts';
export { listWorkloads } from './list.ts';
export { measureLab, type MeasureOptions } from './measure.ts';
export { memoryArguments, qemuCommand, vfioUserArguments } from './qemu-args.ts';
export { runLab, type LabRunOptions } from './runner.ts';
export { labShell, type ShellOptions } from './shell.ts';
export { startDemo, type StartOptions } from './start.ts';
