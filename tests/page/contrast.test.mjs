// Whether words of tables and forms can be told from what is behind them, with the colours of JupyterLab's two themes.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const THEMES = {
  light: { text: [0, 0, 0, 0.87], quiet: [0, 0, 0, 0.54], surface: [255, 255, 255], head: [238, 238, 238], bad: [211, 47, 47], accent: [25, 118, 210] },
  dark: { text: [255, 255, 255, 0.87], quiet: [255, 255, 255, 0.54], surface: [33, 33, 33], head: [66, 66, 66], bad: [244, 67, 54], accent: [33, 150, 243] },
};
/** What the accessibility guidelines ask for: of words, and of signs. */
const [WORDS, SIGNS] = [4.5, 3];
const IS_SIGN = [".rnb-mark"];
const IS_ON_HEAD = [".rnb-about"];

/** @returns {[selector: string, declarations: Record<string, string>][]} */
function rulesOf(sheet) {
  const text = readFileSync(new URL(`../../reactive_nb/notebook/static/${sheet}`, import.meta.url), "utf-8").replace(/\/\*[^]*?\*\//g, "");
  return [...text.matchAll(/([^{}]+)\{([^{}]*)\}/g)].map(([, selector, body]) => [
    selector.trim(),
    Object.fromEntries(body.split(";").filter((line) => line.includes(":")).map((line) => line.split(/:(.*)/s).slice(0, 2).map((part) => part.trim()))),
  ]);
}

const over = ([r, g, b, alpha = 1], behind, opacity = 1) => [r, g, b].map((part, at) => part * alpha * opacity + behind[at] * (1 - alpha * opacity));

function colorOf(css, theme, behind) {
  const mixed = /^color-mix\(in srgb, (.*) (\d+)%, (.*)\)$/.exec(css);
  if (!mixed) return over(theme[/^(?:var\(--rnb-)?(\w+)\)?$/.exec(css)[1]], behind);
  const [first, second] = [colorOf(mixed[1], theme, behind), colorOf(mixed[3], theme, behind)];
  return first.map((part, at) => (part * mixed[2] + second[at] * (100 - mixed[2])) / 100);
}

function luminance(color) {
  const [r, g, b] = color.map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrastOf(seen, behind) {
  const [low, high] = [luminance(seen), luminance(behind)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

for (const [name, theme] of Object.entries(THEMES)) {
  test(`words can be read in the ${name} theme`, () => {
    const faint = [];
    for (const [selector, { color, opacity = "1", background }] of [...rulesOf("grid.css"), ...rulesOf("form.css")]) {
      if (color === undefined || color === "inherit") continue;
      const behind = background === "var(--rnb-head)" || IS_ON_HEAD.includes(selector) ? theme.head : theme.surface;
      const seen = over(colorOf(color, theme, behind), behind, Number(opacity));
      const contrast = contrastOf(seen, behind);
      if (contrast < (IS_SIGN.includes(selector) ? SIGNS : WORDS)) faint.push(`${selector}: ${contrast.toFixed(2)}`);
    }

    assert.deepEqual(faint, []);
  });
}

/** What browsers make of the system's colours. */
const SYSTEM = { light: { CanvasText: [0, 0, 0], Canvas: [255, 255, 255], GrayText: [128, 128, 128] }, dark: { CanvasText: [255, 255, 255], Canvas: [18, 18, 18], GrayText: [128, 128, 128] } };

for (const [name, system] of Object.entries(SYSTEM)) {
  test(`quiet words can be read where there are only the system's ${name} colours`, () => {
    const [, root] = rulesOf("base.css").find(([selector]) => selector === ".rnb");
    const [, own] = /^var\(--jp-[\w-]+, var\(--vscode-\w+, (.*)\)\)$/.exec(root["--rnb-quiet"]);

    assert.ok(contrastOf(colorOf(own, system, system.Canvas), system.Canvas) >= WORDS, own);
  });
}
