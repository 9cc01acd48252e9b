// As much of a browser's document as the page's code for tables and inputs needs: elements in order, events that bubble,
// and a focus that is lost when its element is taken out. Importing it puts it in place.

const EVENT = { key: "", shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, keyCode: 0, repeat: false, isTrusted: true };

export class HTMLElement {
  parent = null;
  children = [];
  dataset = {};
  attributes = new Map();
  hidden = false;
  disabled = false;
  clientWidth = 600;
  clientHeight = 0;
  offsetWidth = 0;
  offsetHeight = 0;
  scrollTop = 0;
  scrollLeft = 0;
  #listeners = [];
  #own = "";
  #classes = new Set();
  style = { setProperty(name, value) { this[name] = value; } };

  constructor(tag) {
    this.tagName = tag.toUpperCase();
  }

  get className() {
    return [...this.#classes].join(" ");
  }

  set className(names) {
    this.#classes = new Set(names.split(" ").filter(Boolean));
  }

  get classList() {
    const classes = this.#classes;
    return {
      contains: (name) => classes.has(name),
      toggle: (name, on) => classes[on ? "add" : "delete"](name),
      add: (...names) => names.forEach((name) => classes.add(name)),
      remove: (...names) => names.forEach((name) => classes.delete(name)),
    };
  }

  get parentElement() {
    return this.parent;
  }

  get isConnected() {
    return this === document.body || (this.parent?.isConnected ?? false);
  }

  get firstElementChild() {
    return this.children[0] ?? null;
  }

  get lastElementChild() {
    return this.children.at(-1) ?? null;
  }

  get nextElementSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }

  get textContent() {
    return this.#own + this.children.map((child) => child.textContent).join("");
  }

  set textContent(text) {
    this.replaceChildren();
    this.#own = text;
  }

  append(...nodes) {
    for (const node of nodes) this.insertBefore(typeof node === "string" ? Object.assign(new HTMLElement("span"), { textContent: node }) : node, null);
  }

  appendChild(node) {
    this.append(node);
    return node;
  }

  replaceChildren(...nodes) {
    for (const child of [...this.children]) child.remove();
    this.#own = "";
    this.append(...nodes);
  }

  insertBefore(node, place) {
    node.remove();
    this.children.splice(place === null ? this.children.length : this.children.indexOf(place), 0, node);
    node.parent = this;
  }

  remove() {
    if (this.parent === null) return;
    if (this.contains(document.activeElement)) document.activeElement = document.body;
    this.parent.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }

  contains(other) {
    for (let each = other; each; each = each.parent) if (each === this) return true;
    return false;
  }

  setAttribute(name, value) {
    this.attributes.set(name, String(value));
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  toggleAttribute(name, on) {
    if (name === "disabled") this.disabled = on;
    if (on) this.attributes.set(name, "");
    else this.attributes.delete(name);
  }

  matches(selectors) {
    return selectors.split(",").some((selector) => this.#matches(selector.trim()));
  }

  #matches(selector) {
    const [, tag, name, attribute, value, without] = /^([a-z]*)(?:\.([\w-]+))?(?:\[(\w+)=(\w+)\])?(?::not\(\[(.*)\]\))?$/.exec(selector);
    const lacks = { hidden: () => !this.hidden, "type=file": () => this.type !== "file" }[without] ?? (() => true);
    return (
      (!tag || tag.toUpperCase() === this.tagName) &&
      (!name || this.#classes.has(name)) &&
      (!attribute || this.getAttribute(attribute) === value) &&
      lacks()
    );
  }

  closest(selectors) {
    for (let each = this; each; each = each.parent) if (each.matches(selectors)) return each;
    return null;
  }

  querySelectorAll(selectors) {
    return this.children.flatMap((child) => [...(child.matches(selectors) ? [child] : []), ...child.querySelectorAll(selectors)]);
  }

  querySelector(selectors) {
    return this.querySelectorAll(selectors)[0] ?? null;
  }

  addEventListener(type, act) {
    this.#listeners.push([type, act]);
  }

  removeEventListener(type, act) {
    this.#listeners = this.#listeners.filter(([each, heard]) => each !== type || heard !== act);
  }

  dispatchEvent(event) {
    event.target ??= this;
    for (const [type, act] of [...this.#listeners]) if (type === event.type) act(event);
    if (event.bubbles && !event.isStopped) this.parent?.dispatchEvent(event);
  }

  /** Have something happen here, as a person does it; returns the event. */
  happen(type, facts = {}) {
    const event = { ...EVENT, ...facts, type, target: this, bubbles: true, defaultPrevented: false, isStopped: false };
    event.preventDefault = () => (event.defaultPrevented = true);
    event.stopPropagation = event.stopImmediatePropagation = () => (event.isStopped = true);
    this.dispatchEvent(event);
    return event;
  }

  click() {
    this.happen("click");
  }

  focus() {
    if (this.isConnected && !this.disabled) document.activeElement = this;
  }

  select() {}
  scrollIntoView() {}
  setPointerCapture() {}

  animate() {
    return { cancel() {} };
  }

  getBoundingClientRect() {
    return { left: 0, top: 0, bottom: 0, width: 0 };
  }

  getContext() {
    return { measureText: (text) => ({ width: 7 * text.length }) };
  }
}

class HTMLInputElement extends HTMLElement {
  type = "text";
  value = "";
  files = [];
  validity = { badInput: false };
}
class HTMLTextAreaElement extends HTMLElement {
  value = "";
}
class HTMLButtonElement extends HTMLElement {}
class Event {
  constructor(type) {
    Object.assign(this, { type, bubbles: false, isTrusted: false });
  }
}

const KINDS = { input: HTMLInputElement, textarea: HTMLTextAreaElement, button: HTMLButtonElement };
const windowEvents = new HTMLElement("window");
/** How many listeners the window has of a kind. */
export const heard = { scroll: 0, resize: 0 };

Object.assign(globalThis, {
  HTMLElement,
  HTMLInputElement,
  HTMLTextAreaElement,
  HTMLButtonElement,
  Event,
  document: { createElement: (tag) => new (KINDS[tag] ?? HTMLElement)(tag) },
  requestAnimationFrame: () => 1,
  cancelAnimationFrame: () => {},
  matchMedia: () => ({ matches: false }),
  getComputedStyle: () => ({ fontFamily: "sans-serif", getPropertyValue: () => "" }),
  ResizeObserver: class {
    #act;
    /** @param {() => void} act called after an observed element `happen`ed to be resized */
    constructor(act) {
      this.#act = act;
    }
    observe(node) {
      node.addEventListener("resize", this.#act);
    }
    disconnect() {}
  },
  innerWidth: 1000,
  innerHeight: 700,
  addEventListener: (type, act) => {
    heard[type] += 1;
    windowEvents.addEventListener(type, act);
  },
  removeEventListener: (type, act) => {
    heard[type] -= 1;
    windowEvents.removeEventListener(type, act);
  },
});
document.body = new HTMLElement("body");
document.activeElement = document.body;

/** Have something happen to the window. */
export const happenToWindow = (type) => windowEvents.happen(type);

/** Wait until all that is ready to go on has gone on. */
export const turn = () => new Promise((resolve) => setImmediate(resolve));
