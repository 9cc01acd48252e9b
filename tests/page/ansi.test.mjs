// Text with a terminal's colours, as parts.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ansiParts, overwritten } from "../../reactive_nb/notebook/static/ansi.js";

const cases = [
  ["plain text", "a <b>", [["a <b>", {}]]],
  ["nothing", "", []],
  ["a colour and its end", "\x1b[31mred\x1b[0m not", [["red", { color: "#e75c58" }], [" not", {}]]],
  ["a bright one, in bold", "\x1b[1;94mx\x1b[22my", [["x", { color: "#0065ca", bold: true }], ["y", { color: "#0065ca" }]]],
  ["IPython's 256 colours", "\x1b[38;5;28mx\x1b[39my", [["x", { color: "rgb(0,135,0)" }], ["y", {}]]],
  ["a grey", "\x1b[38;5;241mx", [["x", { color: "rgb(98,98,98)" }]]],
  ["a colour of its own, with a background", "\x1b[38;2;1;2;3;43mx", [["x", { color: "rgb(1,2,3)", background: "#ddb62b" }]]],
  ["an empty sequence ends all", "\x1b[3;4mx\x1b[my", [["x", { italic: true, underline: true }], ["y", {}]]],
  ["other sequences are left out", "a\x1b[2Kb\x1b]8;;http://x\x07c", [["a", {}], ["b", {}], ["c", {}]]],
];

for (const [name, text, parts] of cases) {
  test(`parts of a text: ${name}`, () => {
    assert.deepEqual(ansiParts(text).map(({ text: part, look }) => [part, look]), parts);
  });
}

test("a carriage return begins the line anew", () => {
  assert.equal(overwritten("10%\r50%\r100%\ndone\r\nnext\r"), "100%\ndone\nnext\r");
});

test("a long line costs no more than its length", () => {
  const line = "x".repeat(300_000);
  const before = performance.now();

  assert.equal(overwritten(line).length, line.length);
  assert.equal(overwritten(`${line}\r${line}y`), `${line}y`);

  assert.ok(performance.now() - before < 1000);
});
