"""Which names in a function's code mean the clock or chance, in every way in which people import them."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import pytest

from reactive_nb.errors import ImpureFunctionWarning
from reactive_nb.functions.impure_names import impure_names, warn_if_impure
from reactive_nb.functions.registry import Module
from tests.conftest import Connect


def made(source: str) -> Any:
    """Return the `f` that source defines, as if it stood in a file."""
    names: dict[str, Any] = {"__name__": "somewhere"}
    exec(compile(source, "somewhere.py", "exec"), names)
    return names["f"]


@pytest.mark.parametrize(
    ("source", "written", "meant", "instead"),
    [
        ("import time\ndef f(ctx): return time.time()", "time.time", "time.time", "ctx.now()"),
        ("import time as t\ndef f(ctx): return t.time_ns()", "t.time_ns", "time.time_ns", "ctx.now()"),
        ("from time import monotonic as m\ndef f(ctx): return m()", "m", "time.monotonic", "ctx.now()"),
        ("import datetime\ndef f(ctx): datetime.datetime.now()", "datetime.datetime.now", "datetime.now", "ctx.now()"),
        ("from datetime import datetime as d\ndef f(ctx): d.utcnow()", "d.utcnow", "datetime.utcnow", "ctx.now()"),
        ("from datetime import date\ndef f(ctx): date.today()", "date.today", "date.today", "ctx.now()"),
        ("import datetime\nnow = datetime.datetime.now\ndef f(ctx): now()", "now", "datetime.now", "ctx.now()"),
        ("import pandas as pd\ndef f(ctx): pd.Timestamp.now()", "pd.Timestamp.now", "Timestamp.now", "ctx.now()"),
        ("import random\ndef f(ctx): random.random()", "random.random", "random.random", "ctx.random"),
        ("from random import choice\ndef f(ctx): choice([1])", "choice", "random.choice", "ctx.random"),
        (
            "import random\ndef f(ctx): random.SystemRandom()",
            "random.SystemRandom",
            "random.SystemRandom",
            "ctx.random",
        ),
        ("import random\nr = random.Random(1)\ndef f(ctx): r.gauss(0, 1)", "r.gauss", "random.gauss", "ctx.random"),
        (
            "import random\ndef f(ctx): return random.Random()",
            "random.Random",
            "random.Random",
            "ctx.random, or a seed from it,",
        ),
        ("import numpy as np\ndef f(ctx): np.random.rand()", "np.random.rand", "numpy.random.rand", "ctx.random"),
        ("import numpy as np\ndef f(ctx): np.random.seed(1)", "np.random.seed", "numpy.random.seed", "ctx.random"),
        ("from numpy import random as r\ndef f(ctx): r.normal()", "r.normal", "numpy.random.normal", "ctx.random"),
        ("import numpy as np\ng = np.random.default_rng(1)\ndef f(ctx): g.normal()", "g.normal", None, "ctx.random"),
        (
            "import numpy as np\ndef f(ctx): return np.random.default_rng()",
            "np.random.default_rng",
            "numpy.random.default_rng",
            "ctx.random, or a seed from it,",
        ),
        ("import uuid\ndef f(ctx): return uuid.uuid1()", "uuid.uuid1", "uuid.uuid1", "ctx.uuid()"),
        ("from uuid import uuid4\ndef f(ctx): return str(uuid4())", "uuid4", "uuid.uuid4", "ctx.uuid()"),
        ("import os\ndef f(ctx): return os.urandom(8)", "os.urandom", "os.urandom", "ctx.random"),
        ("import secrets\ndef f(ctx): secrets.token_hex()", "secrets.token_hex", "secrets.token_hex", "ctx.random"),
        ("import secrets\ndef f(ctx): secrets.choice([1])", "secrets.choice", "random.choice", "ctx.random"),
        # imported inside
        ("def f(ctx):\n import time\n return time.time()", "time.time", "time.time", "ctx.now()"),
        ("def f(ctx):\n from time import time as t, sleep\n return t()", "t", "time.time", "ctx.now()"),
        ("def f(ctx):\n from os import path, urandom\n return urandom(1)", "urandom", "os.urandom", "ctx.random"),
        ("def f(ctx):\n import numpy.random as r\n return r.rand()", "r.rand", "numpy.random.rand", "ctx.random"),
        ("def f(ctx):\n import numpy.random\n numpy.random.rand()", "numpy.random.rand", None, "ctx.random"),
        ("def f(ctx):\n import uuid\n return [uuid.uuid4() for _ in 'ab']", "uuid.uuid4", None, "ctx.uuid()"),
        # in functions inside, and from around
        ("import time\ndef f(ctx): return (lambda: time.time())()", "time.time", "time.time", "ctx.now()"),
        ("def make():\n import time\n return lambda ctx: time.time()\nf = make()", "time.time", None, "ctx.now()"),
        (
            "def make():\n from time import time\n return lambda ctx: time()\nf = make()",
            "time",
            "time.time",
            "ctx.now()",
        ),
        ("def f(ctx, n):\n from time import time as t\n return (lambda: t() + n)()", "t", "time.time", "ctx.now()"),
        # not called
        ("import time\ndef f(ctx): return map(time.time, [])", "time.time", "time.time", "ctx.now()"),
    ],
)
def test_a_name_that_means_the_clock_or_chance_is_found(
    source: str, written: str, meant: str | None, instead: str
) -> None:
    (found,) = impure_names(made(source))

    assert (found.written, found.instead) == (written, instead)
    assert meant is None or found.meant == meant


@pytest.mark.parametrize(
    "source",
    [
        "def f(ctx): return ctx.now(), ctx.random.random(), ctx.uuid()",
        "import time\ndef f(ctx): return time.strftime('%Y', time.gmtime(0))",
        "import datetime\ndef f(ctx): return datetime.datetime(2026, 1, 1), datetime.date.fromtimestamp(0)",
        "import random\ndef f(ctx, seed): return random.Random(seed)",
        "import numpy as np\ndef f(ctx): return np.random.default_rng(ctx.random.getrandbits(64))",
        "import uuid\ndef f(ctx): return uuid.UUID(int=1), uuid.uuid5(uuid.NAMESPACE_DNS, 'a')",
        "import secrets\ndef f(ctx): return secrets.compare_digest('a', 'b')",
        "import os\ndef f(ctx): return os.path.join('a', 'b')",
        "def f(ctx, time, random): return time.time(), random.random()",
        "import time\ndef f(ctx):\n time = ctx\n return time.time()",
        "def f(ctx): return not_there_yet.now()",
        "def f(ctx):\n import not_there_at_all\n return not_there_at_all.time()",
        "def make():\n def f(ctx): return f, later\n return f\n later = 1\nf = make()",
        "class Clock:\n def time(self): return 0\ntime = Clock()\ndef f(ctx): return time.time()",
    ],
)
def test_nothing_else_is(source: str) -> None:
    assert impure_names(made(source)) == []


def test_no_code_of_a_stranger_is_run_and_nothing_is_imported() -> None:
    source = """
class Touchy:
    def __getattr__(self, name): raise AssertionError(name)
    def __get__(self, *_): raise AssertionError
    __module__ = property(lambda self: 1 / 0)
class Holder:
    now = Touchy()
touchy = Touchy()
def f(ctx):
    import this
    return touchy.random, Holder.now, touchy.__self__, this.s
"""

    assert impure_names(made(source)) == []
    assert "this" not in sys.modules


def test_each_place_is_told_once_with_its_line() -> None:
    function = made("import time\ndef f(ctx):\n    a = time.time(); b = time.time()\n    return time.time() - a - b\n")

    assert [(found.line, found.written) for found in impure_names(function)] == [(3, "time.time"), (4, "time.time")]


def test_an_alias_is_told_where_it_is_made() -> None:
    function = made("import time\ndef f(ctx):\n    clock = time.time\n    return clock()\n")

    assert [(found.line, found.written) for found in impure_names(function)] == [(3, "time.time")]


SOURCE = """from time import time as t
def f(ctx):
    began = ctx
    return t()
"""


def test_the_warning_says_where_and_what_to_use_and_points_there() -> None:
    function = made(SOURCE)

    with pytest.warns(ImpureFunctionWarning) as caught:
        warn_if_impure(function, "messages:stamp")

    (warning,) = caught
    assert str(warning.message) == (
        "messages:stamp names t at line 4, which is time.time: its result would differ from run to run. "
        "Use ctx.now() instead"
    )
    assert (warning.filename, warning.lineno) == ("somewhere.py", 4)


@pytest.mark.parametrize("kind", ["query", "mutation", "internal_query", "internal_mutation"])
def test_queries_and_mutations_are_looked_at_when_they_are_declared(connect: Connect, kind: str) -> None:
    db = connect()

    for place in (db, Module("messages")):
        with pytest.warns(ImpureFunctionWarning, match="^stamp names t at line 4"):
            getattr(place, kind)(name="stamp")(made(SOURCE))


def test_actions_are_not(connect: Connect) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connect().action(made(SOURCE))


def test_where_the_warning_is_an_error_the_function_is_not_declared(connect: Connect) -> None:
    db = connect()

    with warnings.catch_warnings():
        warnings.simplefilter("error", ImpureFunctionWarning)
        with pytest.raises(ImpureFunctionWarning):
            db.query(made(SOURCE))

    assert db.functions() == []


def test_it_can_be_switched_off_as_any_warning(connect: Connect) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore", ImpureFunctionWarning)
        connect().query(made(SOURCE))

    assert caught == []


class Callable:
    """A function that is an object."""

    def __call__(self, ctx: Any) -> int:
        return 1


def test_a_callable_object_is_left_alone() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_impure(Callable(), "f")
