// Text with a terminal's colours, as tracebacks have it, in parts that a page can draw. In: text with escape sequences.
// Out: parts of plain text, each with its look; all other escape sequences are left out.

/**
 * @typedef {object} Look
 * @property {string} [color] of CSS
 * @property {string} [background] of CSS
 * @property {boolean} [bold]
 * @property {boolean} [italic]
 * @property {boolean} [underline]
 *
 * @typedef {{text: string, look: Look}} Part
 */

// As JupyterLab has them, legible on light and on dark.
const PALETTE = [
  ...["#3e424d", "#e75c58", "#00a250", "#ddb62b", "#208ffb", "#d160c4", "#60c6c8", "#c5c1b4"],
  ...["#282c36", "#b22b31", "#007427", "#b27d12", "#0065ca", "#a03196", "#258f8f", "#a1a6b2"],
];
const LEVELS = [0, 95, 135, 175, 215, 255];
const ESCAPE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-_]/g;

/**
 * @param {string} text
 * @returns {Part[]}
 */
export function ansiParts(text) {
  /** @type {Part[]} */
  const parts = [];
  /** @type {Look} */
  let look = {};
  let from = 0;
  const add = (/** @type {string} */ plain) => plain && parts.push({ text: plain, look });
  for (const found of text.matchAll(ESCAPE)) {
    add(text.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === "m") look = changedLook(look, found[1].split(";").map(Number));
  }
  add(text.slice(from));
  return parts;
}

/**
 * What a terminal shows of text in which a carriage return begins the line anew, as progress bars have it.
 * @param {string} text
 * @returns {string}
 */
export function overwritten(text) {
  const lines = text.replaceAll(/(?<!\r)\r+\n/g, "\n").split("\n");
  // Not by one expression for all: it would begin anew at each character of a line, and a line may be very long.
  return lines.map((line) => line.slice(line.lastIndexOf("\r", line.length - 2) + 1)).join("\n");
}

/**
 * @param {Look} look
 * @param {number[]} codes of one sequence
 * @returns {Look}
 */
function changedLook(look, codes) {
  let next = { ...look };
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at];
    if (code === 0) next = {};
    else if (code === 1) next.bold = true;
    else if (code === 3) next.italic = true;
    else if (code === 4) next.underline = true;
    else if (code === 22) delete next.bold;
    else if (code === 23) delete next.italic;
    else if (code === 24) delete next.underline;
    else if (code === 38 || code === 48) {
      const [color, length] = extendedColor(codes.slice(at + 1));
      if (code === 38) next.color = color;
      else next.background = color;
      at += length;
    } else if (code === 39) delete next.color;
    else if (code === 49) delete next.background;
    else if (code >= 30 && code <= 37) next.color = PALETTE[code - 30];
    else if (code >= 90 && code <= 97) next.color = PALETTE[code - 82];
    else if (code >= 40 && code <= 47) next.background = PALETTE[code - 40];
    else if (code >= 100 && code <= 107) next.background = PALETTE[code - 92];
  }
  return next;
}

/**
 * @param {number[]} codes those after 38 or 48
 * @returns {[string | undefined, number]} the colour, and how many codes it took
 */
function extendedColor([kind, ...rest]) {
  if (kind === 2) return [`rgb(${rest.slice(0, 3).join(",")})`, 4];
  if (kind !== 5) return [undefined, 1];
  const number = rest[0] ?? 0;
  if (number < 16) return [PALETTE[number], 2];
  if (number > 231) return [`rgb(${Array(3).fill(8 + 10 * (number - 232)).join(",")})`, 2];
  const cube = number - 16;
  return [`rgb(${[Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((at) => LEVELS[at]).join(",")})`, 2];
}
