"""Completion of `%reactive`: commands, live results and databases, as one more matcher of IPython's completer.

What stands before the cursor comes in; what may stand in place of its last part goes out, and nothing else is then
offered, such as files. Any line but one of `%reactive` is left to the other matchers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, context_matcher

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_LINE = re.compile(r"\s*%reactive\s+(?P<typed>.*)", re.DOTALL)


class Completion:
    """Completes `%reactive` in a shell, from when it is made until `remove`.

    Args:
        shell: The IPython shell.
        suggestions: From what was typed after `%reactive `, the part to be replaced and what may stand there.
    """

    def __init__(self, shell: InteractiveShell, suggestions: Callable[[str], tuple[str, list[str]]]) -> None:
        def match(context: CompletionContext) -> SimpleMatcherResult:
            line = _LINE.fullmatch(context.text_until_cursor)
            if line is None:
                return SimpleMatcherResult(completions=[])
            fragment, texts = suggestions(line["typed"])
            completions = [SimpleCompletion(text, type="magic") for text in texts]
            return SimpleMatcherResult(completions=completions, matched_fragment=fragment, suppress=True)

        self._match = context_matcher(identifier="reactive_nb.completion", priority=100)(match)
        self._matchers = shell.Completer.custom_matchers
        self._matchers.append(self._match)

    def remove(self) -> None:
        """Leave `%reactive` to the other matchers."""
        if self._match in self._matchers:
            self._matchers.remove(self._match)
