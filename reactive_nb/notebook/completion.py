"""Completion of `%reactive`, `%rsql` and `%%rsql`, as one more matcher of IPython's completer.

What stands before the cursor comes in; what may stand in place of its last part goes out, and nothing else is then
offered, such as files. Any other line or cell is left to the other matchers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from reactive_nb.notebook.sql_completion import SqlCompletion, Suggestion

_LINE = re.compile(r"\s*%reactive\s+(?P<typed>.*)", re.DOTALL)
_SQL_LINE = re.compile(r"(?:\s*[\w., ]+=)?\s*%rsql\s+(?P<typed>.*)", re.DOTALL)
_SQL_CELL = re.compile(r"\s*%%rsql(?P<typed>(?:[ \t].*)?)")


class Completion:
    """Completes our magics in a shell, from when it is made until `remove`.

    Args:
        shell: The IPython shell.
        suggestions: From what was typed after `%reactive `, the part to be replaced and what may stand there.
        sql: The same for SQL.
    """

    def __init__(
        self, shell: InteractiveShell, suggestions: Callable[[str], tuple[str, list[str]]], sql: SqlCompletion
    ) -> None:
        def match(context: CompletionContext) -> SimpleMatcherResult:
            line = _LINE.fullmatch(context.text_until_cursor)
            if line is not None:
                fragment, texts = suggestions(line["typed"])
                completions = [SimpleCompletion(text, type="magic") for text in texts]
            elif (found := _of_sql(context, sql)) is not None:
                fragment, suggested = found
                completions = [SimpleCompletion(each.text, type=each.kind) for each in suggested]
            else:
                return SimpleMatcherResult(completions=[])
            return SimpleMatcherResult(completions=completions, matched_fragment=fragment, suppress=True)

        self._match = context_matcher(identifier="reactive_nb.completion", priority=100)(match)
        self._matchers = shell.Completer.custom_matchers
        self._matchers.append(self._match)

    def remove(self) -> None:
        """Leave our magics to the other matchers."""
        if self._match in self._matchers:
            self._matchers.remove(self._match)


def _of_sql(context: CompletionContext, sql: SqlCompletion) -> tuple[str, list[Suggestion]] | None:
    """Return what may stand at the cursor, if that is in SQL."""
    before, after = context.text_until_cursor, context.line_with_cursor[context.cursor_position :]
    lines = context.full_text.split("\n")
    first = next((number for number, text in enumerate(lines) if text.strip()), 0)
    if _SQL_CELL.fullmatch(lines[first]) is not None:
        if context.cursor_line == first:
            typed = _SQL_CELL.fullmatch(before)
            return None if typed is None or not typed["typed"] else sql.in_cell(typed["typed"], None)
        above = lines[first + 1 : context.cursor_line]
        below = lines[context.cursor_line + 1 :]
        options = lines[first].strip().removeprefix("%%rsql")
        return sql.in_cell(options, "\n".join([*above, before]), "\n".join([after, *below]))
    line = _SQL_LINE.fullmatch(before)
    return None if line is None else sql.in_line(line["typed"], after)
