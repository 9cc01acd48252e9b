"""What was typed into a search, read as a query: words of which one is enough, and phrases that must stand there.

Comes in: a string as a person types it. Goes out: a `TextQuery`. An index looks its words up, and the read set of a
search holds it, so both ask the same of a document: whether it has one of these words among its terms.

1. Every word of the string is wanted, and one of them is enough. The last one is a prefix, because it may be
   unfinished.
2. What stands in quotes is a phrase: its words in this order, next to each other. All phrases must be in a document.
   A word before the closing quote is finished; without the closing quote the phrase runs to the end.
3. Of a run in a script without spaces (see `tokens.py`) the pairs are wanted, not the last character, which would find
   what only ends with it. One character alone is a prefix: it begins a pair wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from reactive_nb.search.tokens import Part, Token, tokens


@dataclass(frozen=True, slots=True)
class Word:
    """A wanted term, as UTF-8, which neither is empty nor holds a zero byte; or all terms that begin with it."""

    term: bytes
    is_prefix: bool = False

    def finds(self, term: bytes) -> bool:
        """Whether `term` is wanted."""
        return term.startswith(self.term) if self.is_prefix else term == self.term


Phrase = tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class TextQuery:
    """What a text search looks for; made by `parse`.

    Attributes:
        words: Everything that is wanted, those of phrases included, each once, in the order typed. One that stands
            there whole and as a prefix is two.
        phrases: What has to stand in a document, each once; none of them is empty.
    """

    words: tuple[Word, ...]
    phrases: tuple[Phrase, ...] = ()

    def matches(self, terms: Collection[bytes]) -> bool:
        """Whether any of the words is among a document's terms; phrases are not looked at."""
        return any(
            any(term.startswith(word.term) for term in terms) if word.is_prefix else word.term in terms
            for word in self.words
        )


class Piece(NamedTuple):
    """The words of one stretch of what was typed: between quotes, or outside of them."""

    words: Phrase
    is_phrase: bool


def parse(text: str) -> TextQuery:
    """Return the query that a person means by `text`.

    Example:
        >>> parse('live "reactive data').phrases
        ((Word(term=b'reactive', is_prefix=False), Word(term=b'data', is_prefix=True)),)
    """
    found = pieces(text)
    return TextQuery(
        words=tuple(dict.fromkeys(word for piece in found for word in piece.words)),
        phrases=tuple(dict.fromkeys(piece.words for piece in found if piece.is_phrase)),
    )


def pieces(text: str) -> list[Piece]:
    """Return the stretches of what was typed that hold words, in order."""
    stretches = _QUOTE.split(text)
    found: list[Piece] = []
    finished = False
    for number, stretch in enumerate(stretches):
        is_phrase = number % 2 == 1
        if words := _words(tokens(stretch), is_phrase=is_phrase):
            found.append(Piece(words, is_phrase))
            finished = is_phrase and number + 1 < len(stretches)
    if found and not finished:
        words, is_phrase = found[-1]
        found[-1] = Piece((*words[:-1], Word(words[-1].term, is_prefix=True)), is_phrase)
    return found


def phrase_count(phrase: Phrase, terms: Sequence[str | bytes]) -> int:
    """Return how often a phrase stands in a text.

    Args:
        phrase: Words, at least one.
        terms: All terms of the text, in order and with repeats.

    Example:
        >>> phrase_count(parse('"a b"').phrases[0], ["a", "b", "a", "b", "b"])
        2
    """
    return len(phrase_places(phrase, terms))


def phrase_places(phrase: Phrase, terms: Sequence[str | bytes]) -> list[int]:
    """Return where in a text a phrase begins, as positions in `terms`; the places may overlap."""
    encoded = [term.encode() if isinstance(term, str) else term for term in terms]
    first, *rest = phrase
    places = [place for place, term in enumerate(encoded[: max(0, len(encoded) - len(rest))]) if first.finds(term)]
    for distance, word in enumerate(rest, 1):
        places = [place for place in places if word.finds(encoded[place + distance])]
    return places


_QUOTE = re.compile('["“”„‟«»＂]')
"""Word processors turn straight quotes into others, and each language has its own; which closes is not looked at."""


def _words(found: Sequence[Token], *, is_phrase: bool) -> Phrase:
    """Return the words that the tokens of one stretch mean: see rule 3."""
    words = []
    for number, token in enumerate(found, 1):
        # Inside of a phrase the next word stands right behind a run's last character, so it ends there in a document.
        ends_there = is_phrase and number < len(found)
        if token.part is Part.LAST and not ends_there:
            continue
        words.append(Word(token.term.encode(), is_prefix=token.part is Part.ONLY and not ends_there))
    return tuple(words)
