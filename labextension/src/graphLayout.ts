// Where the boxes of the graph stand, which of them are in sight, and what lines lead from one to another. In: the items of
// the list `graph`. Out: numbers and paths; graph.ts draws them. There may be a thousand boxes in a column, and all of
// them have one height, so that nothing has to be measured.

import type { GraphItem } from "./messages";

/** What stands above the columns. */
export const COLUMNS = ["Tables", "Index ranges read", "Queries", "Shown by"] as const;

/** How many boxes above and below what is in sight are drawn too. */
const MARGIN = 4;
/** How many lines of a kind are drawn that are lit and only pass what is in sight: more are a bar that says nothing. */
const PASSING = 40;

/** Where a box stands: its column, and how many are above it. */
export interface Spot {
  readonly column: number;
  readonly row: number;
}

/** The left and the right edge of a column, in pixels. */
export interface Span {
  readonly left: number;
  readonly right: number;
}

/** How high a box and the room below it are, and the part of the columns that is in sight, in pixels. */
export interface Sight {
  readonly boxHeight: number;
  readonly rowHeight: number;
  readonly top: number;
  readonly bottom: number;
}

/** The lines to draw, as data of three SVG paths whose top is that of what is in sight. */
export interface Lines {
  readonly usual: string;
  readonly touched: string;
  readonly near: string;
}

export class Layout {
  /** The keys of each column, from top to bottom. */
  readonly columns: readonly (readonly string[])[];
  private readonly spots = new Map<string, Spot>();
  private readonly after = new Map<string, string[]>();

  constructor(
    readonly items: ReadonlyMap<string, GraphItem>,
    order: readonly string[],
  ) {
    const columns = COLUMNS.map((): string[] => []);
    for (const key of order) {
      const item = items.get(key);
      const column = item === undefined ? undefined : columns[item.column];
      if (item === undefined || column === undefined) continue;
      this.spots.set(key, { column: item.column, row: column.length });
      column.push(key);
    }
    for (const key of order) {
      for (const from of this.before(key)) {
        const known = this.after.get(from);
        if (known === undefined) this.after.set(from, [key]);
        else known.push(key);
      }
    }
    this.columns = columns;
  }

  /** How many boxes the longest column has. */
  get rows(): number {
    return Math.max(...this.columns.map((keys) => keys.length));
  }

  spot(key: string): Spot | undefined {
    return this.spots.get(key);
  }

  /** The keys of the boxes of a column that are in sight, and of a few more. */
  visible(column: number, { top, bottom, rowHeight }: Sight): readonly string[] {
    const first = Math.max(0, Math.floor(top / rowHeight) - MARGIN);
    return (this.columns[column] ?? []).slice(first, Math.ceil(bottom / rowHeight) + MARGIN);
  }

  /** A box with all that leads to it and all that it leads to. */
  connected(key: string): Set<string> {
    const found = new Set([key]);
    const walk = (from: string, next: (key: string) => readonly string[]): void => {
      for (const each of next(from)) {
        if (found.has(each)) continue;
        found.add(each);
        walk(each, next); // as deep as there are columns
      }
    };
    walk(key, (each) => this.before(each));
    walk(key, (each) => this.after.get(each) ?? []);
    return found;
  }

  /**
   * The box that an arrow key leads to from another; undefined at the edge. Sideways it is the first box that a line leads
   * to or from, and without one the box at the same height.
   */
  beside(key: string, arrow: string): string | undefined {
    const spot = this.spots.get(key);
    if (spot === undefined) return undefined;
    const column = this.columns[spot.column] ?? [];
    switch (arrow) {
      case "ArrowUp":
        return column[spot.row - 1];
      case "ArrowDown":
        return column[spot.row + 1];
      case "Home":
        return column[0];
      case "End":
        return column.at(-1);
      case "ArrowLeft":
        return this.before(key)[0] ?? this.across(spot, -1);
      case "ArrowRight":
        return this.after.get(key)?.[0] ?? this.across(spot, 1);
      default:
        return undefined;
    }
  }

  /**
   * The lines of the boxes in sight, and some of those that are lit and only pass: a thousand that pass would hide them, and
   * take longer to draw than all the rest. Lines between two boxes of `near` are lit, and those between two touched ones.
   */
  lines(spans: readonly Span[], sight: Sight, near: ReadonlySet<string> | null): Lines {
    const found = { usual: [] as string[], touched: [] as string[], near: [] as string[] };
    const height = sight.bottom - sight.top;
    const middle = ({ row }: Spot): number => row * sight.rowHeight + sight.boxHeight / 2 - sight.top;
    const passing = { usual: PASSING, touched: 0, near: 0 };
    const isInSight = (y: number): boolean => y >= 0 && y <= height;
    for (const [to, item] of this.items) {
      const end = this.spots.get(to);
      if (end === undefined) continue;
      const y2 = middle(end);
      for (const from of item.before) {
        const begin = this.spots.get(from);
        if (begin === undefined) continue;
        const y1 = middle(begin);
        if (Math.max(y1, y2) < 0 || Math.min(y1, y2) > height) continue;
        const isTouched = item.touched && this.items.get(from)?.touched === true;
        const kind = near?.has(from) && near.has(to) ? "near" : isTouched ? "touched" : "usual";
        if (!isInSight(y1) && !isInSight(y2) && ++passing[kind] > PASSING) continue;
        found[kind].push(curve(spans[begin.column]?.right ?? 0, y1, spans[end.column]?.left ?? 0, y2));
      }
    }
    return { usual: found.usual.join(""), touched: found.touched.join(""), near: found.near.join("") };
  }

  private before(key: string): readonly string[] {
    return (this.items.get(key)?.before ?? []).filter((from) => this.spots.has(from));
  }

  private across({ column, row }: Spot, step: number): string | undefined {
    for (let at = column + step; at >= 0 && at < COLUMNS.length; at += step) {
      const keys = this.columns[at] ?? [];
      if (keys.length > 0) return keys[Math.min(row, keys.length - 1)];
    }
    return undefined;
  }
}

function curve(x1: number, y1: number, x2: number, y2: number): string {
  const middle = (x1 + x2) / 2;
  return `M${x1},${y1}C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
}
