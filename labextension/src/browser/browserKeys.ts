// What keys mean in a data browser, beside those of its rows. In: a key press. Out: what it asks for.

export type KeyAct = "undo" | "redo" | "follow" | "delete";

/** Return what a key asks for; null: nothing, or it is being typed into something. */
export function actOfKey(event: KeyboardEvent): KeyAct | null {
  const target = event.target instanceof Element ? event.target : null;
  if (target === null || target.closest("input, textarea, select, [contenteditable]") !== null) return null;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") return event.shiftKey ? "redo" : "undo";
    if (key === "y") return "redo";
    return key === "enter" ? "follow" : null;
  }
  return key === "delete" && target.closest(".rnb-scroll") !== null ? "delete" : null;
}
