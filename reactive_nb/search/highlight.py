"""The words of a text that a search found, marked: `rnb.highlight`.

Comes in: a text and what was typed into the search. Goes out: the same text with something put before and after each
stretch that the search asked for. It reads both as the index does (`tokens.py`, `words.py`), so it marks what the
search found, however it is spelled there, and it needs no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from reactive_nb.errors import QueryUsageError
from reactive_nb.search.tokens import Part, Token, terms, tokens
from reactive_nb.search.words import Piece, Word, phrase_places, pieces
from reactive_nb.values.refusal import show


def highlight(text: str, words: str, before: str = "**", after: str = "**", *, html: bool = False) -> str:
    """Return a text with the words marked that a search for `words` finds in it.

    Args:
        text: Such as the indexed field of a hit.
        words: What was searched for. Words in quotes are marked only where the whole phrase stands.
        before: Put before each mark, as it is.
        after: Put after each mark, as it is.
        html: Whether to escape the text for HTML, so that nothing in it is read as a tag; give tags for `before` and
            `after` then.

    Raises:
        QueryUsageError: One of the first four is no string.

    Example:
        >>> highlight("Reactive databases", "data")
        'Reactive **databases**'
        >>> highlight("1 < 2, a fact", "fact", "<mark>", "</mark>", html=True)
        '1 &lt; 2, a <mark>fact</mark>'
    """
    for name, value in (("text", text), ("words", words), ("before", before), ("after", after)):
        if not isinstance(value, str):
            raise QueryUsageError(
                "Cannot highlight",
                thing=f"{name} is {show(value)}",
                expected="a string",
                hint="Write highlight(hit['title'], words)",
            )
    parts = []
    done = 0
    for start, end in marks(text, words):
        parts += [(text[done:start], "", ""), (text[start:end], before, after)]
        done = end
    parts.append((text[done:], "", ""))
    return "".join(opening + (escape(part) if html else part) + closing for part, opening, closing in parts)


def marks(text: str, words: str) -> list[tuple[int, int]]:
    """Return where a text is to be marked, as ascending ranges that neither overlap nor touch."""
    found = tokens(text)
    merged: list[tuple[int, int]] = []
    for start, end in sorted({place for piece in pieces(words) for place in _places(piece, text, found)}):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _places(piece: Piece, text: str, found: list[Token]) -> Iterator[tuple[int, int]]:
    """Yield where the words of a piece stand, in any order: a phrase as a whole, other words each by itself."""
    own = [token.term.encode() for token in found]
    there = set(own)
    for phrase in [piece.words] if piece.is_phrase else [(word,) for word in piece.words]:
        # Most words of a long query are not there, and to look for each at every place would take seconds.
        if not all(word.is_prefix or word.term in there for word in phrase):
            continue
        for first in phrase_places(phrase, own):
            for place, word in enumerate(phrase, first):
                yield found[place].start, _end(text, found, place, word)


def _end(text: str, found: list[Token], place: int, word: Word) -> int:
    """Return where the mark of a token that a word finds ends: with the token, but for one character of a pair."""
    token = found[place]
    if token.part is Part.PAIR and word.is_prefix and place + 1 < len(found):
        second = found[place + 1].start
        if any(first.startswith(word.term.decode()) for first in terms(text[token.start : second])):
            return second
    return token.end
