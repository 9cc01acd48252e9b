// What people may set about the panel (schema/plugin.json). In: JupyterLab's settings, if it has any. Out: values that are
// always there, and a signal when one of them is another.

import type { ISettingRegistry } from "@jupyterlab/settingregistry";
import { Signal, type ISignal } from "@lumino/signaling";

export class PanelSettings {
  /** The sidebar that the panel stands in. */
  side: "left" | "right" = "left";
  /** How many documents a data browser shows at a time. */
  pageSize = 100;
  private readonly changedSignal = new Signal<this, void>(this);

  /** Emitted whenever a value is another. */
  get changed(): ISignal<this, void> {
    return this.changedSignal;
  }

  /** Take the values from these settings, now and whenever somebody changes them. */
  follow(settings: ISettingRegistry.ISettings): void {
    const take = (): void => {
      const side = settings.get("side").composite === "right" ? "right" : "left";
      const pageSize = Number(settings.get("pageSize").composite);
      if (side === this.side && pageSize === this.pageSize) return;
      this.side = side;
      this.pageSize = pageSize;
      this.changedSignal.emit();
    };
    settings.changed.connect(take);
    take();
  }
}
