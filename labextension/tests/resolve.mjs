// What `node --import` takes before the tests: hooks.mjs, for everything that is loaded from then on.

import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
