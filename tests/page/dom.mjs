// As much of a browser's document as the page's code for outputs needs. Importing it puts it in place.

export class FakeElement {
  constructor(tag) {
    this.tagName = tag.toUpperCase();
    this.children = [];
    this.parent = null;
    this.dataset = {};
    this.style = {};
    this.attributes = {};
    this.className = "";
    this.hidden = false;
    this.own = "";
    this.clientWidth = 600;
    this.isDocument = false;
    this.listeners = {};
  }

  get classList() {
    const names = () => this.className.split(" ").filter(Boolean);
    return {
      add: (...added) => (this.className = [...new Set([...names(), ...added])].join(" ")),
      remove: (...removed) => (this.className = names().filter((name) => !removed.includes(name)).join(" ")),
      contains: (name) => names().includes(name),
    };
  }

  get isConnected() {
    return this.isDocument || (this.parent?.isConnected ?? false);
  }

  get firstElementChild() {
    return this.children[0] ?? null;
  }

  get nextElementSibling() {
    return this.parent.children[this.parent.children.indexOf(this) + 1] ?? null;
  }

  get textContent() {
    return this.own + this.children.map((child) => child.textContent).join("");
  }

  set textContent(text) {
    this.children = [];
    this.own = text;
  }

  append(...nodes) {
    for (const node of nodes) this.insertBefore(typeof node === "string" ? textOf(node) : node, null);
  }

  insertBefore(node, place) {
    node.remove();
    this.children.splice(place === null ? this.children.length : this.children.indexOf(place), 0, node);
    node.parent = this;
  }

  replaceChildren(...nodes) {
    this.children = [];
    this.append(...nodes);
  }

  addEventListener(type, act) {
    this.listeners[type] = act;
  }

  /** As a person does it; the promise is what the listener returns. */
  click() {
    return this.disabled ? undefined : this.listeners.click();
  }

  remove() {
    this.parent?.children.splice(this.parent.children.indexOf(this), 1);
    this.parent = null;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  /** Pictures: decoded when a test says so. */
  decode() {
    return new Promise((resolve, reject) => Object.assign(this, { decoded: resolve, broken: reject }));
  }
}

function textOf(text) {
  const node = new FakeElement("#text");
  node.own = text;
  return node;
}

export const resized = new Set();
const frames = [];

/** Run what waits for the next animation frame. */
export function nextFrame() {
  for (const act of frames.splice(0)) act();
}

globalThis.document = { createElement: (tag) => new FakeElement(tag) };
globalThis.requestAnimationFrame = (act) => frames.push(act);
globalThis.cancelAnimationFrame = () => {};
globalThis.ResizeObserver = class {
  constructor(act) {
    this.act = act;
  }
  observe() {
    resized.add(this.act);
  }
  disconnect() {
    resized.delete(this.act);
  }
};
