// One output of a notebook as an element. In: an output as the notebook's file has it. Out: an element, and word when it
// can be shown without a flicker: when its picture is decoded, or the front end has drawn it.
//
// Text, HTML and pictures are drawn here. For everything else the front end's own renderers are asked (JupyterLab,
// Notebook and Voilà have some, as `rendermime` of the widget manager). Such a renderer is a Lumino widget:
//   - Plotly and widgets draw only once Lumino has told them that they are in the page. The function that does so is not
//     to be had by a module of ours, but it is a static method of the class of all widgets, so each class inherits it. It
//     has to be that of the renderer's own class: an extension may bring a Lumino of its own, as Plotly's does.
//   - It refuses to attach to, and to detach from, what is not in the document.

import { ansiParts, overwritten } from "./ansi.js";
import { element } from "./dom.js";

/** The kinds of data drawn here, richest first. */
const OWN_MIMES = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "image/gif", "text/plain"];

/** @typedef {{output_type: string, [part: string]: any}} Output as in a notebook's file */

/**
 * @typedef {object} Drawn
 * @property {HTMLElement} node
 * @property {Promise<void> | null} ready null: it can be shown at once
 * @property {() => void} resize to be called when the page has given it another width
 * @property {() => void} dispose takes it out of the page
 */

/**
 * Draw an output; its element is not in the page yet, unless a renderer of the front end needs it there.
 * @param {Output} output
 * @param {any} rendermime the front end's renderers, if it has any
 * @param {(node: HTMLElement) => void} stage puts an element into the page without showing it
 * @returns {Drawn}
 */
export function drawOutput(output, rendermime, stage) {
  if (output.output_type === "stream") {
    const text = preformatted(overwritten(String(output.text)), "rnb-stream");
    text.dataset.name = output.name;
    return still(text);
  }
  if (output.output_type === "error") {
    const lines = output.traceback?.length ? output.traceback.join("\n") : `${output.ename}: ${output.evalue}`;
    const text = preformatted(lines, "rnb-traceback");
    text.setAttribute("role", "alert");
    return still(text);
  }
  const mime = chosenMime(output.data, rendermime);
  if (isFrontEnds(output, rendermime)) return drawByFrontEnd(String(mime), output, rendermime, stage);
  const node = element("div", "rnb-output");
  const ready = mime === undefined ? null : drawOwn(node, mime, output);
  const others = mime === undefined || mime === "text/plain" ? unshown(output.data) : [];
  if (others.length > 0) node.append(element("div", "rnb-unshown", `This front end cannot show ${others.join(", ")}.`));
  return { ...still(node), ready };
}

/**
 * @param {Output} output
 * @param {any} rendermime
 * @returns {boolean} whether a renderer of the front end draws it, which needs to be in the page
 */
export function isFrontEnds({ data }, rendermime) {
  const mime = data && chosenMime(data, rendermime);
  return mime !== undefined && !OWN_MIMES.includes(mime);
}

/**
 * @param {Record<string, any>} data
 * @param {any} rendermime
 * @returns {string | undefined} the richest kind of data that can be shown
 */
export function chosenMime(data, rendermime) {
  return rendermime?.preferredMimeType(data, "any") ?? OWN_MIMES.find((mime) => mime in data);
}

/**
 * @param {Record<string, any>} data
 * @returns {string[]} the kinds that are not drawn here
 */
function unshown(data) {
  return Object.keys(data).filter((mime) => !OWN_MIMES.includes(mime));
}

/**
 * @param {HTMLElement} node
 * @returns {Drawn} what needs no care
 */
function still(node) {
  return { node, ready: null, resize: () => {}, dispose: () => node.remove() };
}

/**
 * @param {HTMLElement} node where
 * @param {string} mime one of OWN_MIMES
 * @param {Output} output
 * @returns {Promise<void> | null}
 */
function drawOwn(node, mime, { data, metadata }) {
  if (mime.startsWith("image/")) {
    const image = picture(mime, String(data[mime]), String(data["text/plain"] ?? ""), metadata?.[mime]);
    node.append(image);
    return image.decode().catch(() => {}); // a broken picture is shown as the browser shows those
  }
  if (mime === "text/html") {
    node.classList.add("rnb-html", "jp-RenderedHTMLCommon"); // JupyterLab's look of tables and headings
    // The user's own, as in a cell. Script elements in it do not run; handlers such as onclick and onerror do.
    node.innerHTML = String(data[mime]);
  } else node.append(preformatted(String(data[mime]), "rnb-plain"));
  return null;
}

/**
 * @param {string} mime
 * @param {string} content base64, or the text of an SVG
 * @param {string} about for people who cannot see it
 * @param {{width?: number, height?: number} | undefined} size in pixels of the page
 */
function picture(mime, content, about, size) {
  const image = element("img");
  image.alt = about;
  if (size?.width) image.width = size.width;
  if (size?.height) image.height = size.height;
  const isText = mime === "image/svg+xml";
  image.src = isText ? `data:${mime};charset=utf-8,${encodeURIComponent(content)}` : `data:${mime};base64,${content}`;
  return image;
}

/**
 * @param {string} text may have a terminal's colours
 * @param {string} className
 */
function preformatted(text, className) {
  const pre = element("pre", className);
  for (const { text: part, look } of ansiParts(text)) {
    if (Object.keys(look).length === 0) {
      pre.append(part);
      continue;
    }
    const span = element("span", "", part);
    // Mixed with the colour of text: the dark ones are for light pages, and the light ones for dark pages.
    if (look.color) span.style.color = `color-mix(in srgb, ${look.color} 75%, var(--rnb-text))`;
    if (look.background) span.style.background = `color-mix(in srgb, ${look.background} 45%, transparent)`;
    if (look.bold) span.style.fontWeight = "bold";
    if (look.italic) span.style.fontStyle = "italic";
    if (look.underline) span.style.textDecoration = "underline";
    pre.append(span);
  }
  return pre;
}

/**
 * @param {string} mime
 * @param {Output} output
 * @param {any} rendermime
 * @param {(node: HTMLElement) => void} stage
 * @returns {Drawn}
 */
function drawByFrontEnd(mime, output, rendermime, stage) {
  const node = element("div", "rnb-output");
  /** @type {any} */
  let renderer = null;
  /** @type {any} the renderer, as soon as it is in the page */
  let attached = null;
  const draw = async () => {
    try {
      renderer = rendermime.createRenderer(mime);
      renderer.constructor.attach(renderer, node);
      attached = renderer;
      // Renderers change their model: Plotly's sets a height. Vega's hands back a picture of what it drew, which nobody
      // needs.
      const model = { data: structuredClone(output.data), metadata: output.metadata ?? {}, trusted: true, setData() {} };
      await renderer.renderModel(model);
    } catch (/** @type {any} */ failure) {
      const plain = String(output.data["text/plain"] ?? "");
      node.append(preformatted(`${plain}\n${mime} cannot be shown: ${failure?.message ?? failure}`.trim(), "rnb-plain"));
    }
  };
  stage(node);
  return {
    node,
    ready: draw(),
    resize: () => attached?.processMessage(attached.constructor.ResizeMessage.UnknownSize),
    dispose: () => {
      try {
        // One that is out of the page and does not know it cannot be disposed of.
        if (attached && !attached.node.isConnected) attached.processMessage(attached.constructor.Msg.AfterDetach);
        renderer?.dispose();
      } finally {
        node.remove();
      }
    },
  };
}
