/** Work that an access only marks and the device thread does after it has answered. */
export interface Task {
  /** Does work worth at most about `budget` descriptors; true when some is left. */
  readonly run: (budget: number) => boolean;
  /** Set while it waits to run. Written by the task list only. */
  marked: boolean;
}

export interface Tasks {
  /** Has the task run before the turn ends; marking it twice is the same as once. */
  mark(task: Task): void;
}

export function makeTask(run: (budget: number) => boolean): Task {
  return { run, marked: false };
}
