/** One of the page's views. */
export interface View {
  /** Its place in the address: `#rings`. */
  readonly name: string;
  readonly title: string;
  /** Path of a 24-by-24 icon. */
  readonly icon: string;
  /** What is shown; the same element for as long as the page lives. */
  readonly element: HTMLElement;
  readonly everyMs: number;
  /** Brings it up to date, while it is shown. */
  update(): Promise<void>;
  /** Where a search begins, by the key "/". */
  focusSearch?(): void;
}
