// Makes the panel that JupyterLab loads. In: src, style, schema, and the modules and style sheets of the widgets that these
// import. Out: dist/, with a stamp that names every source and its hash (tests/lab/test_stamp.py compares it), and the
// sizes on the terminal. `make lab` runs it; `make check-lab` runs it with --types, which only checks the types and leaves
// what Node's tests need in lib/.

import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(HERE);
const DIST = join(HERE, "dist");

const run = (script, ...options) =>
  execFileSync(process.execPath, [join(HERE, "node_modules", script), ...options], { cwd: HERE, stdio: ["ignore", "ignore", "inherit"] });

/** All files under a folder, in one order on every machine. */
function filesIn(folder) {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return found.map((entry) => join(entry.parentPath ?? entry.path, entry.name)).sort();
}

/** The widgets' modules that TypeScript has found to be imported, and the style sheets that ours import. */
function shared() {
  const modules = filesIn(join(HERE, "lib/reactive_nb")).map((file) => join(ROOT, relative(join(HERE, "lib"), file)));
  const imports = (sheet) =>
    [...readFileSync(sheet, "utf8").matchAll(/@import url\(["']?([^"')]+)["']?\)/g)].map(([, path]) => resolve(dirname(sheet), path));
  const sheets = filesIn(join(HERE, "style"))
    .filter((file) => file.endsWith(".css"))
    .flatMap(imports);
  return [...modules, ...sheets].filter((file) => !file.startsWith(HERE));
}

function sources() {
  const own = ["src", "style", "schema"].flatMap((name) => filesIn(join(HERE, name)));
  const single = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"].map((name) => join(HERE, name));
  return [...new Set([...own, ...single, ...shared()])].map((file) => relative(ROOT, file).replaceAll("\\", "/")).sort();
}

const hashOf = (path) => createHash("sha256").update(readFileSync(join(ROOT, path))).digest("hex");

rmSync(join(HERE, "lib"), { recursive: true, force: true });
execFileSync(process.execPath, [join(HERE, "node_modules/typescript/bin/tsc")], { cwd: HERE, stdio: "inherit" });
// Sources are taken into account as they were before, should somebody write while they are built.
const stamp = sources().map((path) => `${hashOf(path)}  ${path}\n`).join("");
writeFileSync(join(HERE, "lib/sources.sha256"), stamp);
if (process.argv.includes("--types")) process.exit();

const began = Date.now();
run("@jupyter/builder/lib/build-labextension.js", "--core-package-file", "node_modules/@jupyterlab/core-meta/core.package.json", ".");
for (const file of filesIn(DIST)) if (statSync(file).mtimeMs < began - 1000) rmSync(file); // of the build before
writeFileSync(join(DIST, "sources.sha256"), stamp);

let all = 0;
for (const file of filesIn(join(DIST, "static")).filter((name) => name.endsWith(".js"))) {
  const bytes = readFileSync(file);
  all += bytes.length;
  console.log(`${String(bytes.length).padStart(8)} bytes, ${String(gzipSync(bytes).length).padStart(6)} compressed  ${relative(ROOT, file)}`);
}
console.log(`${String(all).padStart(8)} bytes of code and style: the panel as JupyterLab loads it`);
