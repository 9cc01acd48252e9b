"""What a live result shows as where nothing can be live: text and HTML."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from reactive_nb.notebook.display import as_html, as_text, cell_text, mimebundle
from reactive_nb.notebook.result.encoding import encode_cell
from tests.notebook.fakes import FakeEngine


def test_a_table_is_text_in_columns_without_the_system_fields() -> None:
    rows = [{"_id": "a", "_creationTime": 1.0, "name": "Ada", "likes": 3}, {"_id": "b", "name": "Grace"}]
    live = FakeEngine().live("people", rows, role="admin")

    assert as_text(live) == (
        "people(role='admin'): 2 rows, commit 0, fresh\n"
        "name   likes\n"
        "Ada    3\n"
        "Grace"
    )  # fmt: skip


def test_rows_that_are_left_out_are_counted() -> None:
    live = FakeEngine().live("numbers", [{"n": n} for n in range(1200)])

    assert as_text(live).splitlines()[-1] == "… and 1190 more"
    assert "… and 1150 more" in as_html(live)


def test_every_kind_of_result_has_a_text() -> None:
    engine = FakeEngine()

    assert as_text(engine.live("q", [])) == "q(): 0 rows, commit 0, fresh"
    assert as_text(engine.live("q", 7)) == "q(): commit 0, fresh\n7"
    assert as_text(engine.live("q", {"n": 1})) == "q(): 1 fields, commit 0, fresh\nn  1"
    assert as_text(engine.live("q", ["x"])) == "q(): 1 items, commit 0, fresh\nx"


def test_a_data_frame_is_shown_as_the_table_that_it_is() -> None:
    live = FakeEngine().live("q", pd.DataFrame({"origin": ["EWR", "JFK"], "delay": [17.5, None]}))

    assert as_text(live) == "q(): 2 rows, commit 0, fresh\norigin  delay\nEWR     17.5\nJFK     None"
    assert ">17.5</td>" in as_html(live)


def test_an_error_is_said_in_place_of_rows() -> None:
    engine = FakeEngine()
    live = engine.live("q", [{"n": 1}])
    engine.commit(q=ValueError("no"))

    assert as_text(live).splitlines() == ["q(): 0 rows, commit 1, failed", "ValueError: no"]


def test_html_in_values_names_and_arguments_is_text() -> None:
    live = FakeEngine().live("q", [{"<i>": "<script>alert(1)</script>"}], channel="<b>")

    html = as_html(live)

    assert "<script>" not in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "&lt;script&gt;" in html


def test_cells_are_one_line_of_python() -> None:
    values = [None, True, 2**60, float("nan"), "a\nb", b"\x01", datetime(2026, 1, 2, tzinfo=UTC), [1, "x"]]

    assert [cell_text(encode_cell(value)) for value in values] == [
        *("None", "True", "1152921504606846976", "nan", "a b", "1 bytes 01"),
        *("2026-01-02 00:00:00.000000Z", "[1, 'x']"),
    ]
    assert cell_text(encode_cell(np.zeros(1536, dtype=np.float32))) == "[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, …"


def test_without_a_kernel_there_is_no_view_to_show() -> None:
    data, metadata = mimebundle(FakeEngine().live("q", 1))

    assert set(data) == {"text/plain", "text/html"}
    assert metadata == {}
