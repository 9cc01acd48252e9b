// Runs the page's own modules on what test_page_code.py hands over as JSON on standard input, and prints what came out.

import { readFileSync } from "node:fs";
import { showCell } from "../../reactive_nb/notebook/static/cells.js";
import { Store } from "../../reactive_nb/notebook/static/store.js";

const { cells, stories, column } = JSON.parse(readFileSync(0, "utf-8"));

const follow = ({ snapshot, frames }) => {
  const store = new Store(snapshot);
  const outcomes = frames.map((frame) => store.receive(frame)).map((outcome) => (typeof outcome === "string" ? outcome : "applied"));
  const rows = store.order.map((key) => [key, store.rows.get(key)]);
  return { outcomes, rows, size: store.rows.size, known: store.known, ts: store.ts, state: store.state };
};

console.log(JSON.stringify({ shown: cells.map((cell) => showCell(cell, column).text), stories: stories.map(follow) }));
