// How the table of a data browser is declared: its columns, inputs and indexes are those of the time at which it was opened.
// In: the table, and whether it is in sight. Out: word when it is declared with others, or is there at last.

import type { Feed } from "../link";
import type { TableItem } from "../messages";
import type { Subject } from "./browser";

export class Declaration {
  private feed: Feed | null = null;
  private waiting: Feed | null = null;
  /** The fields and indexes as they were last, as JSON; empty before they are known. */
  private known = "";

  /** @param changed called when the table is to be opened anew */
  constructor(
    private readonly subject: Subject,
    private readonly changed: () => void,
    signal: AbortSignal,
  ) {
    const end = (): void => {
      this.leave();
      this.waiting?.close();
    };
    signal.addEventListener("abort", end);
  }

  /** Follow it for as long as somebody looks. */
  follow(): void {
    const { link, db, table } = this.subject;
    this.leave();
    this.feed = link.list<TableItem>("tables", db, null, ({ items }) => {
      const item = items.get(table);
      if (item === undefined) return; // dropped, which the rows say
      const before = this.known;
      this.known = JSON.stringify([item.fields, item.indexes]);
      if (before !== "" && before !== this.known) this.changed();
    });
  }

  leave(): void {
    this.feed?.close();
    this.feed = null;
  }

  /** The kernel has no such table: tell as soon as it has, since a cell may be about to declare it. */
  wait(): void {
    if (this.waiting !== null) return;
    const { link, db, table } = this.subject;
    this.waiting = link.list("tables", db, null, ({ order }) => {
      if (!order.includes(table)) return;
      this.waiting?.close();
      this.waiting = null;
      this.changed();
    });
  }
}
