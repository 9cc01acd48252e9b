"""What was typed: which words are wanted, which phrases, and which documents they find."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from reactive_nb.search.tokens import terms, tokens
from reactive_nb.search.words import Phrase, TextQuery, Word, parse, phrase_count, phrase_places


@dataclass(frozen=True)
class Case:
    name: str
    typed: str
    words: str
    """Written with spaces between them, prefixes with a star."""
    phrases: tuple[str, ...] = ()


CASES = [
    Case("nothing", "", ""),
    Case("only separators", " -…! ", ""),
    Case("the last word is a prefix", "Reactive Data", "reactive data*"),
    Case("one word", "data", "data*"),
    Case("the last word, whatever follows it", "reactive data? ", "reactive data*"),
    Case("each word once", "a b a c", "a b c*"),
    Case("a word that is there whole too", "data base data", "data base data*"),
    Case("a word of several words", "½", "1 2*"),
    Case("too long to be found", "a " + "x" * 33, "a*"),
    # Phrases
    Case("a phrase", '"reactive data"', "reactive data", ("reactive data",)),
    Case("one that is not closed", '"reactive data', "reactive data*", ("reactive data*",)),
    Case("words before and after", 'live "reactive data" note', "live reactive data note*", ("reactive data",)),
    Case("words before only", 'live "reactive data" !', "live reactive data", ("reactive data",)),
    Case("no space around quotes", 'a"b c"d', "a b c d*", ("b c",)),
    Case("two phrases", '"a b" "b c', "a b c*", ("a b", "b c*")),
    Case("the same phrase twice", '"a b" "a b"', "a b", ("a b",)),
    Case("of one word", '"a" b', "a b*", ("a",)),
    Case("an empty one", 'a ""', "a*"),
    Case("an empty one that is not closed", 'a "', "a*"),
    Case("an empty one after a phrase", '"a b" ""', "a b", ("a b",)),
    Case("only a quote", '"', ""),
    Case("a phrase that repeats a word", '"a a"', "a", ("a a",)),
    Case("quotes of word processors", "“a b” „c d“ «e f»", "a b c d e f", ("a b", "c d", "e f")),
    # Scripts without spaces
    Case("pairs only, of a run", "日本語", "日本 本語*"),
    Case("two characters", "日本", "日本*"),
    Case("one character begins a pair anywhere", "本 a", "本* a*"),
    Case("a run, then Latin", "東京Tower", "東京 tower*"),
    Case("a phrase ends with a pair", '"日本語"', "日本 本語", ("日本 本語",)),
    Case("a run ends inside of a phrase", '"東京 Tower"', "東京 京 tower", ("東京 京 tower",)),
    Case("a phrase that ends with a run", '"Tower 東京"', "tower 東京", ("tower 東京",)),
    Case("a phrase of one character", '"本"', "本*", ("本*",)),
    Case("one character inside of a phrase", '"本 a"', "本 a", ("本 a",)),
    Case("a phrase of one character before another word", '"本" a', "本* a*", ("本*",)),
]


def shown(words: Phrase) -> str:
    return " ".join(word.term.decode() + "*" * word.is_prefix for word in words)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_parse(case: Case) -> None:
    query = parse(case.typed)

    assert shown(query.words) == case.words
    assert tuple(shown(phrase) for phrase in query.phrases) == case.phrases


@pytest.mark.parametrize(
    ("typed", "text", "found"),
    [
        ("con", "Convex", True),
        ("conv next", "convex", False),  # only the last word is a prefix
        ("conv next", "nexting", True),
        ("日本", "東日本", True),
        ("日本", "本日", False),
        ("本", "日本語", True),
        ("STRASSE", "Straße", True),
        ("istanbul", "İstanbul", True),
        ("οδος", "ΟΔΟΣ", True),
        ("cafe", "café", False),
        ("", "anything", False),
    ],
)
def test_matches(typed: str, text: str, found: bool) -> None:
    assert parse(typed).matches({term.encode() for term in terms(text)}) is found


@pytest.mark.parametrize(
    ("phrase", "text", "places"),
    [
        ('"a b"', "a b", [0]),
        ('"a b"', "b a", []),
        ('"a b"', "a c b", []),
        ('"a b"', "a", []),
        ('"a b"', "", []),
        ('"a b"', "x a b a b", [1, 3]),
        ('"a a"', "a a a", [0, 1]),
        ('"a"', "a b a", [0, 2]),
        ('"a b', "a bc a c", [0]),
        ('"日本"', "日本語と日本", [0, 4]),
        ('"本語"', "日本語", [1]),
        ('"日本 tower"', "東日本Tower", [1]),
        ('"日本 tower"', "日本語Tower", []),
        ('"reactive data"', "Reactive, data", [0]),
    ],
)
def test_phrase(phrase: str, text: str, places: list[int]) -> None:
    (words,) = parse(phrase).phrases

    assert phrase_places(words, terms(text)) == places
    assert phrase_count(words, [term.encode() for term in terms(text)]) == len(places)


PIECES = [
    "a",
    "ab",
    "abc",
    "b",
    '"',
    " ",
    " ",
    "é",
    "ß",
    "日",
    "本",
    "語",
    "½",
    "น้ำ",
    "ที่",
    "İ",
    "ｶﾞ",
    "ﷺ",
    "-",
    "x" * 33,
]
typed_texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(max_examples=100, deadline=None)
@given(typed_texts | st.text(max_size=12))
def test_a_document_matches_each_of_its_own_words(text: str) -> None:
    own = terms(text)
    for token in tokens(text):
        word = text[token.start : token.end]
        assert parse(word).matches([term.encode() for term in own])
        for phrase in parse(f'"{word}"').phrases:
            assert phrase_count(phrase, own) > 0


@settings(max_examples=100, deadline=None)
@given(typed_texts)
def test_a_document_holds_the_phrase_of_all_its_words(text: str) -> None:
    text = text.replace('"', " ")
    for phrase in parse(f'"{text}"').phrases:
        assert phrase_count(phrase, terms(text)) == 1


@settings(max_examples=100, deadline=None)
@given(st.text("日本語の", min_size=2, max_size=12), st.data())
def test_a_text_without_spaces_holds_each_stretch_of_itself(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    (phrase,) = parse(f'"{text[start:end]}"').phrases

    occurrences = sum(text.startswith(text[start:end], place) for place in range(len(text)))

    assert phrase_count(phrase, terms(text)) == occurrences


words = st.builds(Word, st.text("ab日", min_size=1, max_size=3).map(str.encode), st.booleans())
some_terms = st.lists(st.text("ab日", min_size=1, max_size=4).map(str.encode), max_size=8)


@settings(max_examples=100, deadline=None)
@given(st.lists(words, max_size=4, unique=True), some_terms)
def test_a_document_matches_exactly_if_a_word_finds_one_of_its_terms(asked: list[Word], own: list[bytes]) -> None:
    assert TextQuery(tuple(asked)).matches(own) == any(word.finds(term) for word in asked for term in own)


@settings(max_examples=100, deadline=None)
@given(st.lists(words, min_size=1, max_size=3), some_terms)
def test_phrase_places_are_those_of_a_loop(phrase: list[Word], own: list[bytes]) -> None:
    expected = [
        place
        for place in range(len(own))
        if len(own) - place >= len(phrase)
        and all(word.finds(own[place + distance]) for distance, word in enumerate(phrase))
    ]

    assert phrase_places(tuple(phrase), own) == expected


@settings(max_examples=100, deadline=None)
@given(typed_texts)
def test_words_stand_once_and_hold_those_of_the_phrases(text: str) -> None:
    query = parse(text)

    assert len(set(query.words)) == len(query.words)
    assert {word for phrase in query.phrases for word in phrase} <= set(query.words)
    assert all(query.phrases)
    assume(text.strip() == text and '"' not in text and query.words)
    assert any(word.is_prefix for word in query.words)
