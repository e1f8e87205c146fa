// What the script of Kelisim offers to the code of the site; see banner/README.md in its sources.

export type ConsentCategory = "necessary" | "functional" | "analytical" | "marketing";

/** What is allowed on this page now. */
export interface ConsentState {
  /** Whether the visitor has chosen. */
  readonly answered: boolean;
  /** Every category that the site offers; `necessary` is always true. */
  readonly categories: Readonly<Partial<Record<ConsentCategory, boolean>>>;
  /** When the visitor chose, in milliseconds since 1970. */
  readonly time: number | null;
  /** Whether the browser sends Global Privacy Control. */
  readonly gpc: boolean;
}

export type ConsentEvent = "ready" | "first" | "change" | "open" | "close";

export interface ConsentOptions {
  /** Whether the page is loaded again: `auto` unless something would be lost by it. */
  reload?: "auto" | "never" | "always";
}

export interface Kelisim {
  readonly version: string;
  /** The categories that the site offers, `necessary` first. */
  readonly categories: readonly ConsentCategory[];
  get(): ConsentState;
  has(category: ConsentCategory): boolean;
  on(name: ConsentEvent, work: (state: ConsentState) => void): void;
  off(name: ConsentEvent, work: (state: ConsentState) => void): void;
  /** Shows the banner, or the settings where there is an answer. */
  open(): void;
  /** Hides the banner on this page; that is no answer. */
  close(): void;
  openSettings(): void;
  /** Answers whether the choice was recorded. More than before needs a click or key of the visitor a moment ago. */
  set(choice: Partial<Record<ConsentCategory, boolean>>, options?: ConsentOptions): Promise<boolean>;
  acceptAll(options?: ConsentOptions): Promise<boolean>;
  rejectAll(options?: ConsentOptions): Promise<boolean>;
  withdraw(options?: ConsentOptions): Promise<boolean>;
}

declare global {
  interface Window {
    readonly kelisim: Kelisim;
  }
  interface WindowEventMap {
    "consent:ready": CustomEvent<ConsentState>;
    "consent:first": CustomEvent<ConsentState>;
    "consent:change": CustomEvent<ConsentState>;
    "consent:open": CustomEvent<ConsentState>;
    "consent:close": CustomEvent<ConsentState>;
  }
}
