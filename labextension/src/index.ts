// The JupyterLab plugin of reactive_nb. In: JupyterLab's services, some of which may be missing. Out: the panel in a
// sidebar, commands in the palette, and a place that is restored with the layout. Pages without notebooks (Notebook 7 has
// some) have nothing to look at, and get none of it.

import { ILayoutRestorer, type JupyterFrontEnd, type JupyterFrontEndPlugin } from "@jupyterlab/application";
import { ICommandPalette, InputDialog } from "@jupyterlab/apputils";
import { IConsoleTracker } from "@jupyterlab/console";
import { INotebookTracker } from "@jupyterlab/notebook";
import { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Browsers } from "./browser/browsers";
import { GraphTab } from "./graph";
import { panelIcon } from "./icons";
import { Kernels } from "./kernels";
import { Panel } from "./panel";
import type { MainArea, Section } from "./section";
import { Functions } from "./sections/functions";
import { Jobs } from "./sections/jobs";
import { Lives } from "./sections/live";
import { Log } from "./sections/log";
import { Tables } from "./sections/tables";
import { PanelSettings } from "./settings";
import { TimeBar } from "./timeBar";
import { TimeState } from "./timeState";

const PLUGIN = "reactive-nb:plugin";
const PANEL = "reactive-nb-panel";
const CATEGORY = "reactive_nb";

const SHOW = "reactive-nb:show";
const OPEN_TABLE = "reactive-nb:open-table";
const SHOW_GRAPH = "reactive-nb:show-graph";

const plugin: JupyterFrontEndPlugin<void> = {
  id: PLUGIN,
  description: "Shows the databases of the current notebook's kernel: tables, functions, live results, jobs and commits.",
  autoStart: true,
  optional: [INotebookTracker, ICommandPalette, ISettingRegistry, ILayoutRestorer, IConsoleTracker],
  activate,
};

export default plugin;

async function activate(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  palette: ICommandPalette | null,
  registry: ISettingRegistry | null,
  restorer: ILayoutRestorer | null,
  consoles: IConsoleTracker | null,
): Promise<void> {
  if (notebooks === null) return;
  // First of all: a kernel may open its comm at any moment.
  const kernels = new Kernels(app, notebooks, consoles);
  const settings = new PanelSettings();
  const time = new TimeState();
  const browsers = new Browsers(app, () => settings.pageSize);
  const graph = new GraphTab(app);
  const mainArea: MainArea = { openBrowser: browsers.open, openGraph: graph.open };
  const sections: Section[] = [new Tables(), new Functions(), new Lives(), new Jobs(), new Log()];
  const panel = new Panel(app, kernels, time, mainArea, sections, new TimeBar(time));
  panel.id = PANEL;
  panel.contextChanged.connect((_, context) => {
    browsers.follow(context);
    graph.follow(context);
  });
  panel.title.icon = panelIcon;
  panel.title.caption = "reactive_nb: the notebook's database";

  addCommands(app, panel, palette, mainArea);
  restorer?.add(panel, PANEL);
  let side: string | null = null;
  const place = (): void => {
    if (side === settings.side) return;
    side = settings.side;
    app.shell.add(panel, side, { rank: 600, type: "reactive_nb" });
  };
  place();
  settings.changed.connect(place);
  if (registry !== null) settings.follow(await registry.load(PLUGIN));
}

function addCommands(app: JupyterFrontEnd, panel: Panel, palette: ICommandPalette | null, mainArea: MainArea): void {
  app.commands.addCommand(SHOW, {
    label: "Show the Database Panel",
    icon: panelIcon,
    execute: () => app.shell.activateById(PANEL),
  });
  app.commands.addCommand(OPEN_TABLE, {
    label: "Open a Table …",
    caption: "Browse the documents of a table",
    isEnabled: () => panel.hasKernel,
    isVisible: () => mainArea.openBrowser !== null,
    describedBy: { args: { type: "object", properties: { table: { type: "string", description: "The table's name; asked for without it" } } } },
    execute: async (args) => {
      const context = await panel.lookedAt();
      if (context === null) return app.shell.activateById(PANEL); // it says what to do
      const table = typeof args["table"] === "string" ? args["table"] : await askForTable(await context.link.listOnce("tables", context.db, context.at));
      if (table !== null) context.openBrowser(table);
    },
  });
  app.commands.addCommand(SHOW_GRAPH, {
    label: "Show the Graph of Tables and Queries",
    isEnabled: () => panel.hasKernel,
    isVisible: () => mainArea.openGraph !== null,
    execute: async () => {
      const context = await panel.lookedAt();
      if (context === null) app.shell.activateById(PANEL);
      else context.openGraph();
    },
  });
  for (const command of [SHOW, OPEN_TABLE, SHOW_GRAPH]) palette?.addItem({ command, category: CATEGORY });
  panel.placeChanged.connect(() => app.commands.notifyCommandChanged());
}

async function askForTable({ order }: { readonly order: readonly string[] }): Promise<string | null> {
  const { value } = await InputDialog.getItem({ title: "Open a table", label: "Table", items: [...order], okLabel: "Open" });
  return value;
}
