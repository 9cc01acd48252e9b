// The union of messages: everything that the kernel says in the golden story is one, of every type that there is.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KERNEL_MESSAGES, kernelMessage } from "../lib/labextension/src/messages.js";

const STORY = JSON.parse(readFileSync(new URL("../../tests/wire/panel.json", import.meta.url)));
const HEARD = STORY.flatMap(({ hear }) => hear);

test("every message of the golden story is one that a page understands", () => {
  for (const message of HEARD) assert.equal(kernelMessage(message), message);
});

test("the golden story has a message of every type", () => {
  assert.deepEqual(new Set(HEARD.map(({ type }) => type)), new Set(KERNEL_MESSAGES));
});

test("a message that lacks a part is none", () => {
  for (const message of HEARD) {
    for (const part of Object.keys(message)) {
      const { [part]: _, ...rest } = message;
      assert.equal(kernelMessage(rest), null, `${message.type} without ${part}`);
    }
  }
});

test("what is no message at all is none", () => {
  for (const data of [null, undefined, 1, "Frame", [], { type: "toString", page: "p" }, { type: "Show", page: "p" }]) {
    assert.equal(kernelMessage(data), null);
  }
});
