// What stands in the panel when there is nothing to look at: why, and what to do. In: how it is with the kernel, and what
// is known of its databases. Out: words, and lines of code that can be put into the notebook.

import type { KernelState } from "./kernels";

export interface EmptyState {
  readonly title: string;
  readonly text: string;
  /** Lines that help when they are run. */
  readonly code?: string;
}

const CONNECT = "import reactive_nb as rnb\n\ndb = rnb.connect()";

/**
 * Return what to say instead of the sections.
 *
 * @param state how it is with the kernel; `live` is taken to have no database
 * @param name the notebook's or console's name
 */
export function emptyState(state: KernelState, name: string): EmptyState {
  switch (state) {
    case "nothing":
      return { title: "No notebook is open", text: "Open one: the panel shows the databases of its kernel." };
    case "starting":
      return { title: "Connecting to the kernel", text: `The kernel of ${name} has not answered yet. It may be busy with a cell.` };
    case "none":
      return { title: "No kernel", text: `${name} has no kernel. Start one with the menu Kernel: Change Kernel.` };
    case "absent":
      return {
        title: "reactive_nb is not loaded",
        text: `Run %load_ext reactive_nb in ${name}, or import it and open a database:`,
        code: CONNECT,
      };
    case "restarting":
      return { title: "The kernel restarts", text: `The panel is back when ${name} opens a database again.` };
    case "ended":
      return { title: "The kernel has ended", text: `Start it again with the menu Kernel: Restart Kernel, and run the cells of ${name}.` };
    case "live":
      return { title: "No database is open", text: `reactive_nb is loaded in ${name}. Open a database:`, code: CONNECT };
  }
}
