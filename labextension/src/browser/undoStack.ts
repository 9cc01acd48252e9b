// What was done in one data browser and can be taken back. In: commits with a word for each. Out: which one is next, in
// either direction. To undo is a commit of its own, and to redo is to undo that one.

/** A change that was made: its commit, and what it was in words. */
export interface Step {
  readonly ts: number;
  readonly words: string;
}

export class UndoStack {
  private readonly done: Step[] = [];
  private readonly undone: Step[] = [];

  /** What `undo` would take back. */
  get nextUndo(): Step | null {
    return this.done.at(-1) ?? null;
  }

  /** What `redo` would make again. */
  get nextRedo(): Step | null {
    return this.undone.at(-1) ?? null;
  }

  /** Something new was done: what was undone before cannot be made again. */
  add(step: Step): void {
    this.done.push(step);
    this.undone.length = 0;
  }

  /** Take the next step out, in order to take it back; where that is refused it is gone, and the one before is next. */
  take(redo: boolean): Step | null {
    return (redo ? this.undone : this.done).pop() ?? null;
  }

  /** A step was taken back by this commit. */
  took(step: Step, ts: number, redo: boolean): void {
    (redo ? this.done : this.undone).push({ ts, words: step.words });
  }
}
