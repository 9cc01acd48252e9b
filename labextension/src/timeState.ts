// Which commit the whole panel shows. In: what the time bar, or anything else, sets. Out: one number for the panel and its
// data browsers, null for now, and a signal when it is another.

import { Signal, type ISignal } from "@lumino/signaling";

export class TimeState {
  private commit: number | null = null;
  private readonly changedSignal = new Signal<this, number | null>(this);

  /** The commit that is shown, read-only; null is now. */
  get at(): number | null {
    return this.commit;
  }

  /** Emitted with the commit whenever it is another. */
  get changed(): ISignal<this, number | null> {
    return this.changedSignal;
  }

  /** Show this commit everywhere; null goes back to now. */
  set(at: number | null): void {
    if (at === this.commit) return;
    this.commit = at;
    this.changedSignal.emit(at);
  }
}
