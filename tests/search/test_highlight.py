"""Highlights: what a search found is marked, and the text around stays what it was."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reactive_nb.errors import QueryUsageError
from reactive_nb.search import highlight as module
from reactive_nb.search.highlight import highlight, marks
from reactive_nb.search.tokens import terms, tokens
from reactive_nb.search.words import parse, phrase_places


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("Reactive databases", "reactive", "[Reactive] databases"),
        ("Reactive databases", "data", "Reactive [databases]"),
        ("Reactive databases", "react data", "Reactive [databases]"),  # only the last word is a prefix
        ("Reactive databases", "", "Reactive databases"),
        ("Reactive databases", "nothing", "Reactive databases"),
        ("", "a", ""),
        ("a-b a", "a", "[a]-b [a]"),
        ("user_id", "id", "user_[id]"),
        ("Die Straße", "STRASSE", "Die [Straße]"),
        ("cafe\u0301!", "café", "[cafe\u0301]!"),
        ("½ cup", "2", "[½] cup"),
        # Phrases
        ("a b, a c, b a b", '"a b"', "[a] [b], a c, b [a] [b]"),
        ("a b, a c, b", '"a b" a', "[a] [b], [a] c, b"),
        ("a b, a bc, b", '"a b', "[a] [b], [a] [bc], b"),
        ("a c", '"a b"', "a c"),
        # Scripts without spaces
        ("日本語の本", "日本", "[日本]語の本"),
        ("日本語の本", "日本語", "[日本語]の本"),
        ("日本語の本", "本", "日[本]語の[本]"),
        ("日本語の本", '"本語の"', "日[本語の]本"),
        ("本の日本語", '"の日" 本', "[本の日本]語"),
        ("東京Tower", "東京 tower", "[東京Tower]"),
        ("東京Tower", '"東京 tower"', "[東京Tower]"),
        ("ที่นี่", "ที่", "[ที่]นี่"),
        ("ﾃﾞｰﾀ", "デー", "[ﾃﾞｰ]ﾀ"),
    ],
)
def test_highlight(text: str, words: str, expected: str) -> None:
    assert highlight(text, words, "[", "]") == expected


def test_marks_are_those_of_markdown_unless_told_otherwise() -> None:
    assert highlight("Reactive databases", "data") == "Reactive **databases**"


def test_html_is_escaped_inside_and_outside_of_marks_but_the_marks_are_not() -> None:
    marked = highlight("<b>x</b> & 'a\"b'", '"x b"', "<mark class='hit'>", "</mark>", html=True)

    assert marked == (
        "&lt;b&gt;<mark class='hit'>x</mark>&lt;/<mark class='hit'>b</mark>&gt; &amp; &#x27;a&quot;b&#x27;"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, "a"), "text is None"),
        (("a", ["a"]), "words is ['a'] (list)"),
        (("a", "a", 1), "before is 1 (int)"),
        (("a", "a", "", b""), "after is b'' (bytes)"),
    ],
)
def test_what_is_no_string_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(QueryUsageError) as caught:
        highlight(*arguments)

    assert str(caught.value) == (
        f"Cannot highlight: {message}. Expected a string. Write highlight(hit['title'], words)."
    )


PIECES = [
    "a",
    "ab",
    "b",
    '"',
    " ",
    "-",
    "<",
    "&",
    "é",
    "e\u0301",
    "ß",
    "日",
    "本",
    "語",
    "½",
    "น้ำ",
    "ที่",
    "ｶﾞ",
    "&lt;",
    "<i>",
]
texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=12)
BEFORE, AFTER = "\x01", "\x02"
"""Characters that `texts` may hold too: what is added is found again by its number, so they are taken out first."""


def without_marks(text: str) -> str:
    return text.replace(BEFORE, "").replace(AFTER, "")


@settings(max_examples=100, deadline=None)
@given(texts.map(without_marks), texts)
def test_what_is_added_can_be_taken_away(text: str, words: str) -> None:
    marked = highlight(text, words, BEFORE, AFTER)

    assert without_marks(marked) == text
    assert re.sub(f"{BEFORE}[^{BEFORE}{AFTER}]+{AFTER}", "", marked) == without_marks(
        re.sub(f"{BEFORE}[^{BEFORE}{AFTER}]+{AFTER}", "", marked)
    ), "marks are closed, hold something, and do not nest"
    assert AFTER + BEFORE not in marked


@settings(max_examples=100, deadline=None)
@given(texts.map(without_marks), texts)
def test_escaped_text_holds_no_tag_and_reads_as_the_text(text: str, words: str) -> None:
    marked = highlight(text, words, BEFORE, AFTER, html=True)

    assert not set(marked) & set("<>\"'")
    assert [unescape(part) for part in re.split(f"[{BEFORE}{AFTER}]", marked)] == re.split(
        f"[{BEFORE}{AFTER}]", highlight(text, words, BEFORE, AFTER)
    )


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(texts, texts)
def test_something_is_marked_exactly_if_a_document_holds_a_word(text: str, words: str) -> None:
    query = parse(words)
    own = [term.encode() for term in terms(text)]

    if marks(text, words):
        assert query.matches(own)
    elif not query.phrases:
        assert not query.matches(own)


@settings(max_examples=100, deadline=None)
@given(texts.map(lambda text: text.replace('"', " ")))
def test_a_text_searched_for_in_quotes_is_marked_as_a_whole(text: str) -> None:
    covered = {place for start, end in marks(text, f'"{text}"') for place in range(start, end)}

    assert covered == {place for token in tokens(text) for place in range(token.start, token.end)}


def test_a_phrase_longer_than_the_text_stands_nowhere_in_it() -> None:
    assert highlight("a a a", '"a a a a a"') == "a a a"


def test_of_many_words_only_those_that_are_there_are_looked_for() -> None:
    words = " ".join(f"word{number}" for number in range(1000))

    with patch.object(module, "phrase_places", wraps=phrase_places) as looked_for:
        assert highlight("some word77 here", words) == "some **word77** here"

    assert looked_for.call_count == 2  # the last one may be unfinished
