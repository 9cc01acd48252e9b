// The time slider: which commit the panel and its data browsers show. In: the newest and the oldest commit of a database.
// Out: the commit that is chosen, for TimeState; while it is not now, a line says so and leads back.

import { element, setText } from "../../reactive_nb/notebook/static/dom.js";
import type { DatabaseItem, LogItem } from "./messages";
import { numberText, textButton } from "./parts";
import type { Bar, Context, Feed } from "./section";
import { whenText } from "../../reactive_nb/notebook/static/jobtimes.js";
import type { TimeState } from "./timeState";

/** How long the slider must be at rest before another commit is shown, in milliseconds. */
const REST_MS = 120;

export class TimeBar implements Bar {
  readonly node = element("div", "rnb-time");
  private readonly life = new AbortController();
  private readonly slider = element("input", "rnb-time-slider");
  private readonly label = element("span", "rnb-time-label");
  private readonly past = element("div", "rnb-time-past");
  private readonly pastText = element("span", "rnb-time-past-text");
  private context: Context | null = null;
  private newest = 0;
  private oldest = 0;
  /** The commit under the slider while it is being moved. */
  private moving: number | null = null;
  private rest: ReturnType<typeof setTimeout> | undefined;
  private feed: Feed | null = null;
  private feedOf = "";
  private commits: ReadonlyMap<string, LogItem> = new Map();

  constructor(private readonly time: TimeState) {
    const { signal } = this.life;
    this.slider.type = "range";
    this.slider.step = "1";
    this.slider.setAttribute("aria-label", "Commit to show");
    this.slider.addEventListener("input", () => this.onMove(), { signal });
    this.slider.addEventListener("change", () => this.onRest(), { signal });
    const row = element("div", "rnb-time-row");
    row.append(this.slider, this.label);
    this.past.setAttribute("role", "status");
    this.past.append(this.pastText, textButton("Back to now", () => time.set(null), signal));
    this.node.append(row, this.past);
    time.changed.connect(this.draw, this);
  }

  show(context: Context | null, { ts, oldest }: DatabaseItem): void {
    this.context = context;
    this.newest = ts;
    this.oldest = oldest;
    const { at } = this.time;
    if (at !== null && at < oldest) {
      this.time.set(null);
      context?.status(`Commit ${numberText(at)} is no longer kept: the oldest that can be shown is ${numberText(oldest)}. This is now.`);
    }
    this.draw();
  }

  dispose(): void {
    clearTimeout(this.rest);
    this.feed?.close();
    this.life.abort();
    this.time.changed.disconnect(this.draw, this);
  }

  private get shown(): number {
    // What the slider stands on while it is moved may be kept no longer.
    return this.moving === null ? (this.time.at ?? this.newest) : Math.max(this.moving, this.oldest);
  }

  private onMove(): void {
    this.moving = Number(this.slider.value);
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.onRest(), REST_MS);
    this.draw();
  }

  private onRest(): void {
    clearTimeout(this.rest);
    if (this.moving === null) return;
    const at = this.shown;
    this.moving = null;
    this.context?.status(""); // what was said of the commit before
    // All the way to the right is now, and stays so when the next commit comes.
    this.time.set(at >= this.newest ? null : at);
    this.draw();
  }

  private draw(): void {
    const { shown } = this;
    this.slider.min = String(this.oldest);
    this.slider.max = String(this.newest);
    if (this.slider.value !== String(shown)) this.slider.value = String(shown);
    this.slider.disabled = this.newest === this.oldest;
    const isPast = shown < this.newest && (this.moving !== null || this.time.at !== null);
    this.followCommits(isPast);
    const words = isPast ? `commit ${numberText(shown)}` : "now";
    setText(this.label, words);
    this.slider.setAttribute("aria-valuetext", isPast ? `${words} of ${numberText(this.newest)}` : `now, commit ${numberText(shown)}`);
    this.past.hidden = !isPast;
    this.node.classList.toggle("rnb-time-is-past", isPast);
    if (isPast) setText(this.pastText, this.pastWords(shown));
  }

  private pastWords(at: number): string {
    const commit = this.commits.get(`c${at}`);
    const when = commit?.time_ms == null ? "" : `, ${whenText(commit.time_ms, Date.now())}, by ${commit.function}`;
    return `Shown as of commit ${numberText(at)}${when}. Read-only.`;
  }

  /** Have the commits at hand while one of the past is shown, to say when it was and who made it. */
  private followCommits(isPast: boolean): void {
    const { context } = this;
    const of = isPast && context !== null ? context.db : "";
    if (of === this.feedOf && (of === "" || this.feed !== null)) return;
    this.feed?.close();
    this.feed = null;
    this.feedOf = of;
    this.commits = new Map();
    if (of === "" || context === null) return;
    this.feed = context.link.list<LogItem>("log", context.db, null, (list) => {
      this.commits = list.items;
      this.draw();
    });
  }
}
