"""A frame as columns of plain Python values, whatever library it comes from.

Comes in: a pandas, polars or Arrow frame, anything with `__arrow_c_stream__`, `__dataframe__` or `.df()`, or rows as
mappings. Goes out: columns of one length, each knowing where it has *holes*, which is where its library says that a
value is missing. What a hole becomes is decided by the field it is inserted into (`intake.py`).

1. pandas: None, NaN, NaT and NA are holes, as `isna` says. Arrow and polars: null is a hole, NaN is a number.
   Rows: None, NaT and NA are holes, NaN is a number, and a field that a row lacks is `UNSET`.
2. Values become plain where a whole column can be converted at once; single objects are left to the validators.
3. The index of a pandas frame is no column.
4. A list may be an array of numpy, which is what pandas reads from Parquet and DuckDB; `intake.py` tells it from a
   vector.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from reactive_nb.errors import InvalidValue
from reactive_nb.values.refusal import show
from reactive_nb.values.value import UNSET

if TYPE_CHECKING:
    from numpy.typing import NDArray

FIRST_US = -62_135_596_800_000_000
"""The year 1 in microseconds since 1970, where Python's datetimes begin."""
LAST_US = 253_402_300_799_999_999
"""The end of the year 9999, where they end."""

_FRAME = "a pandas, polars or Arrow frame, or a list of dicts"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame.

    Attributes:
        values: One per row; None where there is nothing, or the NaN that says so, or UNSET.
        holes: The positions where the frame says that there is nothing.
        moments: The same as `values` as datetime64[us] in UTC, when all of them are datetimes.
    """

    values: list[Any]
    holes: tuple[int, ...] = ()
    moments: NDArray[np.datetime64] | None = None

    def part(self, start: int, stop: int) -> Column:
        """Return some of the rows."""
        holes = tuple([hole - start for hole in self.holes if start <= hole < stop]) if self.holes else ()
        return Column(self.values[start:stop], holes, None if self.moments is None else self.moments[start:stop])


@dataclass(frozen=True, slots=True)
class Frame:
    """Columns of one length.

    Attributes:
        rows: How many rows there are.
        columns: By name, in order.
        is_typed: Whether a column has a type of its own, so that a float may stand for an int beside holes, and a
            null in a struct for a field that is missing.
        strangers: Rows that are no mappings.
    """

    rows: int
    columns: Mapping[str, Column]
    is_typed: bool
    strangers: Mapping[int, Any]

    def part(self, start: int, stop: int) -> Frame:
        """Return some of the rows."""
        strangers = {row - start: thing for row, thing in self.strangers.items() if start <= row < stop}
        columns = {name: column.part(start, stop) for name, column in self.columns.items()}
        return Frame(min(stop, self.rows) - start, columns, self.is_typed, strangers)

    def without(self, names: Collection[str]) -> Frame:
        """Return the frame without some columns, whether it has them or not."""
        return replace(self, columns={name: column for name, column in self.columns.items() if name not in names})


def read_frame(source: Any, what: str) -> Frame:
    """Return a frame as columns.

    Args:
        source: What a user calls a frame.
        what: What is being done, for errors.

    Raises:
        InvalidValue: It is no frame, or has columns without a name of their own.

    Example:
        >>> read_frame(pd.DataFrame({"delay": [2.0, None]}), "Cannot insert").columns["delay"].holes
        (1,)
    """
    import pandas as pd

    package = type(source).__module__.partition(".")[0]
    if isinstance(source, str | bytes | Mapping | pd.Series | np.ndarray):
        raise _no_frame(source, what)
    if isinstance(source, pd.DataFrame):
        return _of_pandas(source, what)
    if package == "polars" and hasattr(source, "collect"):
        source = source.collect()
    if package == "polars" and hasattr(source, "get_columns"):
        return _of_polars(source)
    if callable(getattr(source, "df", None)):  # a relation of DuckDB, a query in SQL, another table
        return _of_pandas(source.df(), what)
    if hasattr(source, "__arrow_c_stream__") or hasattr(source, "__arrow_c_array__"):
        return _of_arrow(source, what)
    if hasattr(source, "__dataframe__"):
        return _of_pandas(pd.api.interchange.from_dataframe(source), what)
    if isinstance(source, Iterable):
        return _of_rows(list(source))
    raise _no_frame(source, what)


def _no_frame(source: Any, what: str) -> InvalidValue:
    hint = "Pass a list of them" if isinstance(source, Mapping) else "Make a frame of it, with pandas.DataFrame(...)"
    return InvalidValue(what, thing=f"{show(source)} was given", expected=_FRAME, hint=hint, path="$")


# ------------------------------------------------------------------ pandas


def _of_pandas(frame: Any, what: str) -> Frame:
    names = list(frame.columns)
    _check_names(names, what)
    columns = {name: _pandas_column(frame.iloc[:, position]) for position, name in enumerate(names)}
    return Frame(len(frame), columns, True, {})


def _pandas_column(series: Any) -> Column:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = _pandas_column(pd.Series(series.cat.categories)).values
        codes = series.cat.codes.to_numpy()
        known = [*categories, None]  # whose last one is what -1 takes
        return Column([known[code] for code in codes.tolist()], _positions(codes == -1))
    holes = series.isna().to_numpy(dtype=bool)
    if isinstance(dtype, pd.DatetimeTZDtype):
        moments = series.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        exact = _microseconds(moments, holes)
        if exact is not None:
            return _of_moments(exact, holes)
    if isinstance(dtype, np.dtype) and dtype.kind in "biuf" and dtype.itemsize <= 8:
        return Column(series.to_numpy().tolist(), _positions(holes))
    values = series.tolist()
    found = _positions(holes)
    for hole in found:
        if type(values[hole]) is not float or not isinstance(dtype, np.dtype):
            values[hole] = None
    return Column(values, found)


def _microseconds(moments: NDArray[np.datetime64], holes: NDArray[np.bool_]) -> NDArray[np.datetime64] | None:
    """Return moments of any unit in microseconds, or None when one of them cannot be said so."""
    exact = moments.astype("datetime64[us]")
    numbers = exact.view(np.int64)
    inside = (numbers >= FIRST_US) & (numbers <= LAST_US) & (exact.astype(moments.dtype) == moments)
    return exact if bool((inside | holes).all()) else None


def _of_moments(moments: NDArray[np.datetime64], holes: NDArray[np.bool_]) -> Column:
    import pandas as pd

    found = _positions(holes)
    values = pd.DatetimeIndex(moments).tz_localize("UTC").to_pydatetime().tolist()
    for hole in found:
        values[hole] = None
    return Column(values, found, None if found else moments)


def _positions(holes: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(holes).tolist())


def _check_names(names: Sequence[Any], what: str) -> None:
    for position, name in enumerate(names):
        if not isinstance(name, str):
            problem, hint = f"the column {position} is called {show(name)}", "frame.columns = [...] gives new names"
        elif name in names[:position]:
            problem, hint = f"two columns are called {name!r}", "Rename one of them, or leave it out"
        else:
            continue
        raise InvalidValue(what, thing=problem, expected="columns with names of their own", hint=hint, path="$")


# ------------------------------------------------------------------ Arrow and polars


def _of_polars(frame: Any) -> Frame:
    return Frame(frame.height, {each.name: _polars_column(each) for each in frame.get_columns()}, True, {})


def _polars_column(series: Any) -> Column:
    if getattr(series.dtype, "time_zone", None) is not None:
        moments = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
        exact = _microseconds(moments, np.isnat(moments))
        if exact is not None:
            return _of_moments(exact, np.isnat(moments))
    return _with_nulls(series.to_list())


def _of_arrow(source: Any, what: str) -> Frame:
    if importlib.util.find_spec("pyarrow") is None:
        if importlib.util.find_spec("polars") is None:
            raise InvalidValue(
                what,
                thing=f"{show(source)} holds Arrow data, which nothing that is installed here reads",
                expected="pyarrow or polars beside it",
                hint="Install pyarrow, or pass a pandas frame",
                path="$",
            )
        import polars

        return _of_polars(polars.DataFrame(source))
    import pyarrow as pa

    table = source if isinstance(source, pa.Table) else pa.table(source)
    _check_names(table.column_names, what)
    columns = {name: _arrow_column(table.column(name)) for name in table.column_names}
    return Frame(table.num_rows, columns, True, {})


def _arrow_column(column: Any) -> Column:
    import pyarrow as pa

    kind = column.type
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        moments = column.cast(pa.timestamp(kind.unit)).to_numpy()
        exact = _microseconds(moments, np.isnat(moments))
        if exact is not None:
            return _of_moments(exact, np.isnat(moments))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _with_nulls(column.to_numpy().tolist())
    return _with_nulls(column.to_pylist())


def _with_nulls(values: list[Any]) -> Column:
    return Column(values, tuple([row for row, value in enumerate(values) if value is None]))


# ------------------------------------------------------------------ rows


def _of_rows(rows: list[Any]) -> Frame:
    strangers = {number: row for number, row in enumerate(rows) if not isinstance(row, Mapping)}
    mappings: list[Mapping[Any, Any]] = [{} if number in strangers else row for number, row in enumerate(rows)]
    names: dict[Any, None] = {}
    for mapping in mappings:
        if not mapping.keys() <= names.keys():
            names.update(dict.fromkeys(mapping))
    return Frame(len(rows), {name: _rows_column(name, mappings) for name in names}, False, strangers)


def _rows_column(name: Any, mappings: list[Mapping[Any, Any]]) -> Column:
    values = [mapping.get(name, UNSET) for mapping in mappings]
    holes = []
    for row, value in enumerate(values):
        if value is None or (type(value).__name__ in PANDAS_NOTHING and type(value).__module__.startswith("pandas")):
            values[row] = None
            holes.append(row)
    return Column(values, tuple(holes))


PANDAS_NOTHING = frozenset(("NAType", "NaTType"))
