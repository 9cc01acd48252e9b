"""Any order of everything: at rest every page shows what a slow and plain reading of the results says, at one commit.

Two pages follow the protocol; they lose frames, scroll, sort, filter, hide, reload and fall silent, while results change.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from reactive_nb.notebook.page.hub import STALE_S
from reactive_nb.notebook.page.session import NUDGE_S, SILENT_S
from tests.notebook.fakes import FakeLive
from tests.notebook.page.desk import Desk, Page, Place

PATHS = ["one", "two", "three"]

ORIGINS = ["EWR", "jfk", "LGA"]
fields = st.fixed_dictionaries(
    {"n": st.integers(-3, 12), "origin": st.sampled_from(ORIGINS)}, optional={"gate": st.sampled_from(["A", "B", None])}
)
tables = st.lists(st.tuples(st.integers(0, 14), fields), unique_by=lambda row: row[0], max_size=12).map(
    lambda rows: [{"_id": f"id{n}", **row} for n, row in rows]
)
results = st.one_of(tables, tables, tables, st.integers(0, 2) | st.none(), st.lists(st.integers(0, 3), max_size=5))
sorts = st.sampled_from(
    [[], [["n", "asc"]], [["n", "desc"]], [["origin", "desc"], ["n", "asc"]], [["gate", "asc"]], [["nobody", "asc"]]]
)
filters = st.sampled_from([[], [["origin", "w"]], [["origin", "J"], ["n", ">= 2"]], [["n", "0..5"]], [["gate", "a"]]])


def fits(row: dict[str, Any], column: str, text: str) -> bool:
    """What a filter means, for the few that pages use here."""
    if column not in row:
        return False
    if text == ">= 2":
        return bool(row[column] >= 2)
    if text == "0..5":
        return bool(0 <= row[column] <= 5)
    return text.lower() in str(row[column]).lower()


def order(value: Any) -> tuple[int, Any]:
    return (1, "") if value is None else (2, value)


def expected(value: Any, window: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return all rows in the order and choice of a window."""
    if not isinstance(value, list):
        return [("value", {"value": value})]
    if value and not isinstance(value[0], dict):
        lines = [(f"#{at}", {"value": item}) for at, item in enumerate(value)]
    else:
        lines = [(row["_id"], row) for row in value]
    for column, text in window.get("filter", []):
        lines = [line for line in lines if fits(line[1], column, text)]
    for column, direction in reversed(window.get("sort", [])):
        ranked = [(order(line[1][column]) if column in line[1] else (0, ""), line) for line in lines]
        ranked.sort(key=lambda each: each[0], reverse=direction == "desc")
        lines = [line for _, line in ranked]
    return lines


class PagesFollowTheEngine(RuleBasedStateMachine):
    """Three results of an engine and one of another, and two pages."""

    @initialize()
    def open(self) -> None:
        self.desk = Desk()
        self.lives: list[FakeLive] = [self.desk.engine.live(path, []) for path in PATHS]
        self.values: dict[str, Any] = {path: [] for path in PATHS}
        self.opened_failed: set[str] = set()  # those without a value since their view was opened
        self.changed = dict.fromkeys(PATHS, 0)  # the commits that changed them last
        self.views = [self.desk.hub.open_rows(live) for live in self.lives]
        self.names = 0
        self.pages = [self.new_page(), self.new_page()]
        for page, which in enumerate((0, 1)):
            self.a_place_is_shown(page, which, first=0, count=3)

    def new_page(self) -> Page:
        self.names += 1
        return Page(f"p{self.names}")

    def tell(self) -> None:
        """Bring what pages say to the hub."""
        for page in self.pages:
            says, page.says = page.says, []
            for message in says:
                self.desk.hub.on_message(message)

    def place(self, page: int, at: int) -> Place | None:
        places = list(self.pages[page].places.values())
        return places[at % len(places)] if places else None

    # ------------------------------------------------------------ what happens

    @rule(values=st.dictionaries(st.sampled_from(PATHS), results | st.just(ValueError("no"))))
    def a_commit(self, values: dict[str, Any]) -> None:
        good = {path: value for path, value in values.items() if not isinstance(value, ValueError)}
        self.values |= good
        self.opened_failed -= good.keys()
        self.desk.engine.commit(**values)
        self.changed |= dict.fromkeys(values, self.desk.engine.ts)

    @rule(values=st.dictionaries(st.sampled_from(PATHS), results))
    def a_commit_while_a_frame_is_made(self, values: dict[str, Any]) -> None:
        self.at_rest_every_page_is_right()
        before = [place.lines for page in self.pages for place in page.places.values()]
        moving = self.desk.engine.begin(**values)
        self.desk.hub.flush()
        self.deliver(lost=set())
        assert [place.lines for page in self.pages for place in page.places.values()] == before
        self.values |= values
        self.opened_failed -= values.keys()
        self.desk.engine.announce(moving)
        self.changed |= dict.fromkeys(values, self.desk.engine.ts)

    @rule(path=st.sampled_from(PATHS), data=st.data())
    def a_small_commit(self, path: str, data: st.DataObject) -> None:
        value = self.values[path]
        if isinstance(value, list) and value and isinstance(value[0], dict):
            at = data.draw(st.integers(0, len(value) - 1))
            changed = [{**value[at], **data.draw(fields)}] if data.draw(st.booleans()) else []
            self.a_commit({path: value[:at] + changed + value[at + 1 :]})

    @rule(which=st.integers(0, 2))
    def an_edit_that_changes_nothing(self, which: int) -> None:
        self.desk.engine.commit()
        self.desk.hub.confirm(self.views[which], self.desk.engine.ts)
        self.changed[self.lives[which].path] = self.desk.engine.ts

    @rule(which=st.integers(0, 2))
    def a_refresh_that_changes_nothing(self, which: int) -> None:
        self.desk.engine.refresh(self.lives[which])
        self.desk.now += STALE_S
        self.desk.hub.flush()
        self.desk.engine.refresh()

    @rule(lost=st.sets(st.integers(0, 1)), seconds=st.sampled_from([0.0, 0.02, 0.2]))
    def a_frame(self, lost: set[int], seconds: float) -> None:
        self.tell()
        self.desk.now += seconds
        self.desk.hub.flush()
        self.deliver(lost)

    def deliver(self, lost: set[int]) -> None:
        sent, self.desk.sent[:] = list(self.desk.sent), []
        for at, page in enumerate(self.pages):
            page.receive(message for message in sent if at not in lost or message["type"] == "Unknown")

    @rule(page=st.integers(0, 1), which=st.integers(0, 2), first=st.integers(0, 9), count=st.integers(1, 6))
    def a_place_is_shown(self, page: int, which: int, first: int, count: int) -> None:
        self.names += 1
        self.pages[page].show(Place(f"x{self.names}", self.views[which]), first=first, count=count)

    @rule(page=st.integers(0, 1), at=st.integers(0, 9), first=st.integers(0, 12), anchored=st.booleans())
    def a_place_is_scrolled(self, page: int, at: int, first: int, anchored: bool) -> None:
        if (place := self.place(page, at)) is not None:
            anchor = place.lines[len(place.lines) // 2][0] if anchored and place.lines else None
            self.pages[page].show(place, first=first, anchor=anchor)

    @rule(page=st.integers(0, 1), at=st.integers(0, 9), sort=sorts, filter=filters)
    def a_place_is_arranged(self, page: int, at: int, sort: Any, filter: Any) -> None:
        if (place := self.place(page, at)) is not None:
            self.pages[page].show(place, sort=sort, filter=filter)

    @rule(page=st.integers(0, 1), at=st.integers(0, 9))
    def a_place_is_hidden(self, page: int, at: int) -> None:
        if (place := self.place(page, at)) is not None:
            self.pages[page].hide(place.id)

    @rule(page=st.integers(0, 1))
    def a_page_is_reloaded(self, page: int) -> None:
        places = self.pages[page].places.values()
        self.pages[page] = self.new_page()  # without a word of farewell
        for place in places:
            self.pages[page].show(Place(place.id, place.view), **place.window)

    @rule()
    def everybody_is_silent_for_long(self) -> None:
        for seconds in (NUDGE_S, SILENT_S):
            self.desk.now += seconds
            self.desk.hub.flush()
            self.deliver(lost=set())

    @rule(which=st.integers(0, 2))
    def a_view_is_closed_and_another_opened(self, which: int) -> None:
        self.desk.hub.close_view(self.views[which])
        live = self.lives[which]
        self.views[which] = self.desk.hub.open_rows(live)
        if live.error is not None:
            self.opened_failed.add(live.path)

    # ------------------------------------------------------------ what holds

    def teardown(self) -> None:
        if hasattr(self, "pages"):
            self.at_rest_every_page_is_right()

    @rule()
    def at_rest_every_page_is_right(self) -> None:
        for _ in range(7):  # a page that has fallen behind is asked, asks back, gets everything, and says so
            self.a_frame(lost=set(), seconds=NUDGE_S)
        for page in self.pages:
            places = list(page.places.values())
            for place in places:
                assert place.is_gone == (place.view not in self.views)
                if not place.is_gone:
                    self.check(place)
            moments = {place.ts for place in places if not place.is_gone}
            assert len(moments) <= 1, "two views of one engine are of two commits"

    def check(self, place: Place) -> None:
        live = self.lives[self.views.index(place.view)]
        failed = live.error is not None
        lines = expected(self.values[live.path], place.window)
        if live.path in self.opened_failed and not place.lines:
            lines = []  # a failed result has no value that a new view could have; it may be the last that was not told
        first = place.facts["first"]
        assert place.lines == lines[first : first + place.window["count"]]
        assert place.facts["total"] == len(lines)
        assert (place.facts["state"], place.facts["error"] is not None) == ("failed" if failed else "live", failed)
        assert self.changed[live.path] <= place.ts <= self.desk.engine.ts
        assert first == 0 or first + place.window["count"] <= len(lines)


PagesFollowTheEngine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestPagesFollowTheEngine = PagesFollowTheEngine.TestCase
