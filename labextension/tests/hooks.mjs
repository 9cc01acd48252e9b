// Lets Node load what TypeScript has compiled as it stands: imports without endings, modules without a mark that they are
// some, and JupyterLab's icons as their names. Everything else of JupyterLab is not there: what needs it is tested in a
// browser.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCES = new URL("../src/", import.meta.url);
const ICONS = "@jupyterlab/ui-components";

/** The icons that the sources import. */
function icons() {
  const files = readdirSync(SOURCES, { recursive: true }).filter((name) => String(name).endsWith(".ts"));
  const texts = files.map((name) => readFileSync(new URL(String(name).replaceAll("\\", "/"), SOURCES), "utf8"));
  const names = texts.flatMap((text) => text.match(/\b\w+Icon\b/g) ?? []);
  return `data:text/javascript,${[...new Set(names)].map((name) => `export const ${name}={name:"${name}",element(){}};`).join("")}`;
}

export function resolve(specifier, context, next) {
  if (specifier === ICONS) return { url: icons(), format: "module", shortCircuit: true };
  if (specifier.startsWith(".") && context.parentURL !== undefined) {
    const url = new URL(`${specifier}.js`, context.parentURL);
    if (existsSync(fileURLToPath(url))) return { url: url.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

export function load(url, context, next) {
  const isModule = url.includes("/labextension/lib/") || url.includes("/notebook/static/");
  return next(url, isModule ? { ...context, format: "module" } : context);
}
