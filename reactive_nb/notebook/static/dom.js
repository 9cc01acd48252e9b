// What every widget's page code does with elements and keys: make one, set its text, put others into it, and tell keys that
// compose a text from those that mean something here.

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 * @param {string} [text] set as text, never as HTML
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/**
 * Set a text only when it is another: a screen reader speaks, and a selection is lost, at every setting.
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Have exactly these elements in another, in this order. Those that are in their place are not touched: one that is taken
 * out, if only to be put back, loses the focus.
 * @param {Element} parent
 * @param {Element[]} wanted
 */
export function setChildren(parent, wanted) {
  for (const child of [...parent.children]) if (!wanted.includes(child)) child.remove();
  let place = parent.firstElementChild;
  for (const child of wanted) {
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
}

/**
 * Whether a key belongs to the composition of a text, as of Chinese, Japanese or Korean. Safari ends the composition
 * before the Enter that ends it, which only the old code of the key tells from others.
 * @param {KeyboardEvent} event
 */
export function isOfComposition(event) {
  return event.isComposing || event.keyCode === 229;
}
