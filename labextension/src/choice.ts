// Which of a kernel's databases the panel looks at. In: what was chosen last, and the databases that are open. Out: one of
// them, which stays the same until it is closed, or until its variable holds another one.

import type { ItemList } from "./link";
import type { DatabaseItem } from "./messages";

/** The database that was looked at last in a kernel. */
export interface Choice {
  readonly key: string;
  /** The variable that held it last; null if none has. */
  readonly variable: string | null;
}

/**
 * Return the choice that holds now, and the key of the database to show; the key is null when none is open.
 *
 * A cell that connects is run again and again: what its variable holds then is meant, and not the database of the run
 * before, which is still open. What is shown in the place of a closed one is no choice: it is meant again once it is back.
 */
export function choose(before: Choice | undefined, { items, order }: Pick<ItemList<DatabaseItem>, "items" | "order">): [Choice | undefined, string | null] {
  const heldBy = (variable: string): string | undefined => order.find((key) => items.get(key)?.variable === variable);
  const known = before === undefined ? undefined : items.get(before.key);
  const isHeld = known !== undefined && known.variable !== null;
  const successor = before === undefined || before.variable === null || isHeld ? undefined : heldBy(before.variable);
  const key = successor ?? (known === undefined ? undefined : before?.key) ?? order.find((each) => items.get(each)?.variable != null) ?? order[0] ?? null;
  if (key === null || (before !== undefined && known === undefined && successor === undefined)) return [before, key];
  return [{ key, variable: items.get(key)?.variable ?? before?.variable ?? null }, key];
}
