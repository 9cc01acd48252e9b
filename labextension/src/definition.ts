// Going to where a function is defined. In: the place that the kernel noted when it was defined. Out: its cell active and in
// sight in the notebook, or its file open at the line; where neither can be, a sentence that says so.

import type { JupyterFrontEnd } from "@jupyterlab/application";
import { PageConfig } from "@jupyterlab/coreutils";
import type { FunctionItem } from "./messages";
import type { Context } from "./section";
import { servedPath } from "./servedPath";

const OPEN = "docmanager:open";

/** What a text editor's widget has that is needed here. */
interface EditorWidget {
  readonly context: { readonly ready: Promise<void> };
  readonly content: { readonly editor: { setCursorPosition(at: { line: number; column: number }): void; revealPosition(at: { line: number; column: number }): void } };
}

/** Whether there is anywhere to go to. */
export function canGoTo({ cell, file }: FunctionItem): boolean {
  return cell !== null || (file !== null && servedPath(file, PageConfig.getOption("serverRoot")) !== null);
}

/** Go to where a function is defined. */
export async function goToDefinition(context: Context, item: FunctionItem): Promise<void> {
  const { path, place, cell, file, line } = item;
  context.status("");
  if (cell !== null) {
    if (!(await goToCell(context, cell))) context.status(`The cell that defines ${path}, ${place}, is not in this notebook any more.`, true);
    return;
  }
  const served = file === null ? null : servedPath(file, PageConfig.getOption("serverRoot"));
  if (served === null) {
    context.status(file === null ? `Nobody knows which cell defines ${path}.` : `${file} is not in the folder that JupyterLab serves.`, true);
    return;
  }
  try {
    await openFile(context.app, served, line);
  } catch (error) {
    context.status(`${place} cannot be opened. ${error instanceof Error ? error.message : String(error)}`, true);
  }
}

/** Activate a cell and bring it into sight; return whether the notebook has it, wherever it stands by now. */
async function goToCell({ app, notebook }: Context, cell: string): Promise<boolean> {
  const cells = notebook?.content.widgets ?? [];
  const place = cells.findIndex(({ model }) => model.id === cell);
  if (notebook === null || place < 0) return false;
  app.shell.activateById(notebook.id);
  const { content } = notebook;
  content.deselectAll();
  content.activeCellIndex = place;
  content.mode = "command";
  await content.scrollToItem(place, "smart");
  notebook.content.activeCell?.node.focus({ preventScroll: true });
  return true;
}

async function openFile(app: JupyterFrontEnd, path: string, line: number): Promise<void> {
  const opened: unknown = await app.commands.execute(OPEN, { path });
  if (!isEditor(opened)) return;
  await opened.context.ready;
  const at = { line: Math.max(0, line - 1), column: 0 };
  opened.content.editor.setCursorPosition(at);
  opened.content.editor.revealPosition(at);
}

function isEditor(opened: unknown): opened is EditorWidget {
  const content = (opened as Partial<EditorWidget> | null | undefined)?.content;
  return typeof content?.editor?.setCursorPosition === "function";
}
