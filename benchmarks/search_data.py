"""What is searched: vectors that lie as embeddings do, and texts whose words are as unevenly frequent as a language's.

Everything is drawn from one seed, and what is asked is drawn from the data: a vector beside one that is there, words
that one document holds. Each group holds a hundredth of the documents, whatever they say.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float32]]

DIMENSIONS = 384
BEST = 10
"""How many hits are asked for."""

QUESTIONS = 200
_GROUPS = 100
_CLUSTERS = 300
_SPREAD = 0.9
"""How far a vector is from the middle of its cluster, which is 1 from the origin: two of one cluster have a cosine of 0.55."""

_NEAR = 0.4
"""How far a question is from the vector it was made of."""

_VOCABULARY = 50_000
_WORDS = (30, 70)
"""How many words a text has, at least and at most."""

_MIDDLING = (0.004, 0.04)
"""Which part of the documents a word of middling frequency is in, at least and at most."""


def group_of(place: int) -> str:
    """Return the group of document number `place`, which says nothing of its cluster or its words."""
    return f"group{place * 7919 % 104729 % _GROUPS:02}"


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of length 1, one per row.

    Attributes:
        matrix: What is there at first.
        more: What is inserted afterwards.
        questions: What is asked.
    """

    matrix: Floats
    more: Floats
    questions: Floats


def vectors(documents: int) -> Vectors:
    """Return as many vectors, those to insert and those to ask for."""
    draw = np.random.default_rng(5)
    middles = _to_length_1(draw.standard_normal((_CLUSTERS, DIMENSIONS), np.float32))
    # Far along a few dozen axes and hardly along the others, which is what makes embeddings searchable by graphs.
    variances = draw.permutation(1 / np.arange(1, DIMENSIONS + 1))
    noise = np.sqrt(variances / variances.sum()).astype(np.float32)

    def away_from(places: Floats, distance: float) -> Floats:
        step = draw.standard_normal(places.shape, np.float32)
        step *= noise * np.float32(distance)
        step += places
        return _to_length_1(step)

    sizes = draw.dirichlet(np.full(_CLUSTERS, 2.0))  # small clusters and large ones
    every = away_from(middles[draw.choice(_CLUSTERS, documents + QUESTIONS, p=sizes)], _SPREAD)
    matrix, more = every[:documents], every[documents:]
    return Vectors(matrix, more, away_from(matrix[draw.integers(documents, size=QUESTIONS)], _NEAR))


def _to_length_1(rows: Floats) -> Floats:
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts of made-up words.

    Attributes:
        texts: What is there at first.
        questions: Words of middling frequency, three that one document holds.
    """

    texts: list[str]
    questions: list[list[str]]


def texts(documents: int) -> Texts:
    """Return as many texts, and what to ask for."""
    draw = np.random.default_rng(7)
    vocabulary = _vocabulary()
    lengths = draw.integers(*_WORDS, size=documents, endpoint=True)
    chances = 1 / np.arange(1, _VOCABULARY + 1)
    words = draw.choice(_VOCABULARY, lengths.sum(), p=chances / chances.sum())
    owners = np.repeat(np.arange(documents), lengths)
    in_documents = np.bincount(np.unique(owners * _VOCABULARY + words) % _VOCABULARY, minlength=_VOCABULARY)
    least, most = (part * documents for part in _MIDDLING)
    is_middling = (in_documents >= least) & (in_documents <= most)
    ends = lengths.cumsum().tolist()
    questions: list[list[str]] = []
    while len(questions) < QUESTIONS:
        end = int(draw.integers(documents))
        own = words[ends[end] - lengths[end] : ends[end]]
        held = np.unique(own[is_middling[own]])
        if len(held) >= 3:
            questions.append([vocabulary[word] for word in draw.permutation(held)[:3]])
    spoken = [vocabulary[word] for word in words.tolist()]
    starts = (start - length for start, length in zip(ends, lengths.tolist(), strict=True))
    return Texts([" ".join(spoken[start:end]) for start, end in zip(starts, ends, strict=True)], questions)


def _vocabulary() -> list[str]:
    """Return different words of two to four syllables, some of which begin with others."""
    syllables = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
    choose = random.Random(11)
    words: dict[str, None] = {}
    while len(words) < _VOCABULARY:
        words["".join(choose.choices(syllables, k=choose.randint(2, 4)))] = None
    return [*words]
