"""Tokens: the words of a text in every script, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from unicodedata import is_normalized, normalize

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reactive_nb.search.tokens import LONGEST, Part, terms, tokens


@dataclass(frozen=True)
class Case:
    name: str
    text: str
    terms: str
    """Written with spaces between them."""


CASES = [
    Case("nothing", "", ""),
    Case("only separators", " \t\n.,;–—…•", ""),
    Case("English", "Reactive databases, for notebooks!", "reactive databases for notebooks"),
    Case("apostrophe and hyphen separate, as in Convex", "don't re-run", "don t re run"),
    Case("underscore separates, digits do not", "user_id2 v1.2 3d", "user id2 v1 2 3d"),
    Case("no zero byte in a term", "a\0b", "a b"),
    Case("repeats stay", "a b a A", "a b a a"),
    Case("accents stay", "Café crème", "café crème"),
    Case("decomposed accents", "Cafe\u0301 cre\u0300me", "café crème"),
    Case("a mark that no letter carries", "\u0301 a", "a"),
    Case("sharp s, small and capital", "Straße STRASSE GROẞ", "strasse strasse gross"),
    Case(
        "dotless i stays, and the dotted capital is an i",
        "ısı İstanbul ISPARTA I\u0307zmir",
        "ısı istanbul isparta izmir",
    ),
    Case("final sigma", "ΟΔΟΣ οδός Ὀδυσσεύς", "οδοσ οδόσ ὀδυσσεύσ"),
    Case("iota below, as a mark and as a letter", "ᾳ α\u0345 ΑΙ", "αι αι αι"),
    Case("iota below that no letter carries", "- \u0345 é", "é"),
    Case("Cyrillic", "Быстрый ПОИСК, ёлка", "быстрый поиск ёлка"),
    Case("Arabic, with vowel signs", "قاعدة البيانات، كِتَاب؟", "قاعدة البيانات كِتَاب"),
    Case("Arabic ligatures and shaped letters", "ﻻ ﻛﺘﺎﺏ", "لا كتاب"),
    Case("Persian, with the joiner that shows no gap", "می\u200cخواهم", "میخواهم"),
    Case("Hebrew, with points", "שָׁלוֹם עולם", "שָׁלוֹם עולם"),
    Case("Devanagari, whose vowel signs are marks", "हिन्दी भाषा।", "हिन्दी भाषा"),
    Case("Tamil", "தமிழ் மொழி", "தமிழ் மொழி"),
    Case("Thai has no spaces", "ภาษาไทย", "ภา าษ ษา าไ ไท ทย ย"),
    Case("Thai vowels and tones stay on their letter", "ที่นี่", "ที่นี่ นี่"),
    Case("Thai am, as one letter and as two", "น้ำ นํ้า", normalize("NFKC", "น้ำ า นํ้า า")),
    Case("Thai digits are a word of digits", "ปี๒๕๖๗", "ปี ๒๕๖๗"),
    Case("Lao", "ລາວ", "ລາ າວ ວ"),
    Case("Khmer", "ខ្មែរ។", "ខ្មែ មែរ រ"),
    Case("Myanmar", "မြန်မာ", "မြန် န်မာ မာ"),
    Case("Chinese", "数据库，你好", "数据 据库 库 你好 好"),
    Case("Chinese beyond 16 bits", "𠮷野家", "𠮷野 野家 家"),
    Case("one character", "本", "本"),
    Case("Japanese of three scripts", "東京へ行くカー", "東京 京へ へ行 行く くカ カー ー"),
    Case("Japanese with Latin and numbers", "東京Tower2024年", "東京 京 tower2024 年"),
    Case("Japanese with a repeat mark and a dot between", "人々・日々", "人々 々 日々 々"),
    Case("Kana in half width", "ﾃﾞｰﾀ ｶﾞ", "デー ータ タ ガ"),
    Case("Kana with the mark apart", "か\u3099き", "がき き"),
    Case("Korean has spaces", "한국어 검색", "한국어 검색"),
    Case("Korean written as letters", normalize("NFD", "한국어 검색"), "한국어 검색"),
    Case("Korean letters before a sign that becomes a space", "\u1112\u1161\u11ab\ufe70x", "한 x"),
    Case("full width", "Ｆｕｌｌ，Ｗｉｄｔｈ１２", "full width12"),
    Case("ligatures", "ﬁne oﬀer", "fine offer"),
    Case("mathematical letters", "𝐁old 𝕏", "bold x"),
    Case("numbers of one character", "x² ½ Ⅳ ①", "x2 1 2 iv 1"),
    Case("signs that would become letters separate", "Name™ 20℃", "name 20"),
    Case("emoji separate", "ship🚀it 👩‍👩‍👧 ok", "ship it ok"),
    Case("keycap", "1️⃣ first", "1 first"),
    Case("soft hyphen and zero-width joiner", "data\u00adbase a\u200db", "database ab"),
    Case("zero-width space separates", "a\u200bb é", "a b é"),
    Case("a ligature that is four words", "ﷺ", "صلى الله عليه وسلم"),
    Case("a fraction stands apart from what is before it", "2½ cups", "2 1 2 cups"),
    Case("a number in brackets, as one character", "㈠", "一"),
    Case("the longest there is", f"{'a' * 32} {'b' * 33} c", f"{'a' * 32} c"),
    Case(
        "the longest, counted in its term",
        "é" * 32 + " " + "e\u0301" * 32 + " " + "é" * 33 + " " + "ß" * 17,
        f"{'é' * 32} {'é' * 32}",
    ),
    Case("another character", "é\ud800a", "é a"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_terms(case: Case) -> None:
    assert terms(case.text) == case.terms.split()
    assert [token.term for token in tokens(case.text)] == case.terms.split()


def test_every_token_says_where_it_stands() -> None:
    text = "Die Straße: 日本語 ½ ﾃﾞｰﾀ 年"

    assert [(token.term, text[token.start : token.end], token.part.name) for token in tokens(text)] == [
        ("die", "Die", "WORD"),
        ("strasse", "Straße", "WORD"),
        ("日本", "日本", "PAIR"),
        ("本語", "本語", "PAIR"),
        ("語", "語", "LAST"),
        ("1", "½", "WORD"),
        ("2", "½", "WORD"),
        ("デー", "ﾃﾞｰ", "PAIR"),
        ("ータ", "ｰﾀ", "PAIR"),
        ("タ", "ﾀ", "LAST"),
        ("年", "年", "ONLY"),
    ]


LETTERS = (
    "aZ9 _-.éßẞİıI\u0307Σσςё\u0301\u0345ᾳﬁ½①²™℃ﷺ㈠㆒ͺ\xad\u200b\u200c\u200d\ufe0f\u20e3🚀日本語々・カｶﾞﾃー゛\u3099"
    "ที่น้ำํา๒กខ្មែမြန်한국\u1112\u1161\u11abहिन्ﻻكِתָ𠮷Ａ，"
)
texts = st.one_of(
    st.text(st.sampled_from(LETTERS), max_size=30),
    st.text("ab1 _", max_size=30),
    st.text(max_size=20),
    st.lists(st.text(st.sampled_from(LETTERS), min_size=25, max_size=40), max_size=3).map(" ".join),
)


@settings(max_examples=100, deadline=None)
@given(texts)
@example("a😀ͺ本ﾞ\u0345")
def test_terms_are_those_of_the_tokens(text: str) -> None:
    assert terms(text) == [token.term for token in tokens(text)]


@settings(max_examples=100, deadline=None)
@given(texts)
def test_a_token_is_cut_where_its_own_text_stands(text: str) -> None:
    for token in tokens(text):
        assert token.start < token.end
        assert token.term in terms(text[token.start : token.end])


@settings(max_examples=100, deadline=None)
@given(texts)
@example("ก\u0345")
def test_tokens_stand_in_order(text: str) -> None:
    for before, after in pairwise(tokens(text)):
        assert before.start <= after.start
        assert before.end <= after.end
        # The iota below is a mark that folding turns into a letter, hence into a word of its own below a character of Thai.
        if is_normalized("NFKC", text) and "\u0345" not in text and before.part is not Part.PAIR:
            assert before.end <= after.start, "only pairs overlap, and what is several words in one character"


@settings(max_examples=100, deadline=None)
@given(texts)
def test_a_term_can_be_an_index_key_and_is_its_own_term(text: str) -> None:
    for token in tokens(text):
        assert 0 < len(token.term) <= LONGEST
        assert b"\0" not in token.term.encode()
        assert terms(token.term)[:1] == [token.term]


@settings(max_examples=100, deadline=None)
@given(texts)
def test_the_normal_forms_of_unicode_have_the_same_terms(text: str) -> None:
    assert terms(normalize("NFC", text)) == terms(text)
    assert terms(normalize("NFD", text)) == terms(text)


@settings(max_examples=100, deadline=None)
@given(st.text("aBzZ019 _-.,'\n\0\x7f" + "x" * 5, max_size=80))
def test_ascii_is_cut_by_the_same_rules(text: str) -> None:
    assert terms(text) == [token.term for token in tokens(text + " 🚀")]
    assert tokens(text) == tokens(text + " 🚀")
