"""What is left to do: noted, taken, done, failed, tried again."""

from __future__ import annotations

import pytest

from reactive_nb.embedding.to_do import LAST_PAUSE_MS, ToDo


def looked(batch: int = 2, *ids: str) -> ToDo:
    """Return what is to do after a look that found some documents, at the time 0."""
    to_do = ToDo(batch, 0)
    for id in ids:
        to_do.found(id)
    to_do.looked()
    return to_do


def take(to_do: ToDo) -> list[str]:
    to_do.check()
    return to_do.take(to_do.number)


def test_at_first_the_table_is_to_be_looked_through() -> None:
    to_do = ToDo(2, 5)

    assert to_do.due_ms(5) == 5
    assert not to_do.is_done(0)

    to_do.looked()

    assert to_do.due_ms(5) is None
    assert to_do.is_done(0)


def test_documents_are_taken_in_the_order_in_which_they_were_noted() -> None:
    to_do = looked(2, "a", "b")
    to_do.note("c", 1)
    to_do.note("a", 2)  # is first already
    assert to_do.pending == 3

    assert take(to_do) == ["a", "b"]
    to_do.done(3)
    assert to_do.due_ms(3) == 1
    assert take(to_do) == ["c"]
    to_do.done(3)

    assert (to_do.pending, to_do.due_ms(3)) == (0, None)


def test_what_is_noted_after_a_run_began_is_left_for_the_next_one() -> None:
    to_do = looked(2, "a")
    number = to_do.number
    to_do.note("b", 1)

    assert to_do.take(number) == ["a"]


def test_a_document_that_changes_while_it_is_taken_is_done_once_more() -> None:
    to_do = looked(2, "a")
    take(to_do)

    to_do.note("a", 1)
    assert to_do.pending == 1
    to_do.done(2)

    assert take(to_do) == ["a"]


def test_a_document_that_changes_during_an_attempt_that_fails_has_not_failed() -> None:
    to_do = looked(2, "a", "b")
    take(to_do)
    to_do.note("a", 1)

    to_do.fail(1)

    assert (to_do.failed, to_do.pending) == ({"b"}, 2)


def test_those_who_wait_wait_for_what_was_noted_before() -> None:
    to_do = looked(1, "a")
    to_do.note("b", 1)
    before = to_do.number
    to_do.note("c", 1)

    assert [to_do.is_done(number) for number in (0, before)] == [False, False]
    take(to_do)
    assert not to_do.is_done(0)
    to_do.done(1)
    assert [to_do.is_done(number) for number in (0, before)] == [True, False]
    take(to_do)
    to_do.done(1)
    assert [to_do.is_done(before), to_do.is_done(to_do.number)] == [True, False]


def test_after_a_failure_everything_waits_and_the_failed_ones_come_last() -> None:
    to_do = looked(2, "a", "b", "c")
    take(to_do)

    to_do.fail(0)

    assert (to_do.failed, to_do.retry_ms, to_do.due_ms(999), to_do.due_ms(1000)) == ({"a", "b"}, 1000, None, 1000)
    assert take(to_do) == []
    to_do.retry()
    assert take(to_do) == ["c"]  # one, for it has failed with two


def test_batches_get_smaller_after_failures_and_larger_again_after_successes() -> None:
    to_do = looked(8, *"abcdefghijklmnop")
    sizes = []
    for fails in (True, True, True, False, False, False, False):
        sizes.append(len(take(to_do)))
        if fails:
            to_do.fail(0)
            to_do.retry()
        else:
            to_do.done(0)

    assert sizes == [8, 4, 2, 1, 2, 4, 8]


def test_pauses_double_up_to_a_minute_and_begin_anew_after_a_success() -> None:
    to_do = looked(1, "a")
    pauses = []
    for _ in range(9):
        take(to_do)
        to_do.fail(0)
        pauses.append(to_do.retry_ms)
        to_do.retry()

    assert pauses == [1000, 2000, 4000, 8000, 16000, 32000, LAST_PAUSE_MS, LAST_PAUSE_MS, LAST_PAUSE_MS]
    take(to_do)
    to_do.done(0)
    assert not to_do.failed
    to_do.note("a", 0)
    take(to_do)
    to_do.fail(0)
    assert to_do.retry_ms == 1000


def test_what_changes_is_tried_at_once_whatever_waits() -> None:
    to_do = looked(2, "a", "b")
    take(to_do)
    to_do.fail(0)

    to_do.note("a", 7)

    assert (to_do.due_ms(8), to_do.failed, to_do.pending) == (7, {"b"}, 2)
    assert take(to_do) == ["a"]


def test_a_look_that_fails_is_tried_again_after_a_pause() -> None:
    to_do = ToDo(2, 0)

    to_do.fail(0)

    assert (to_do.due_ms(0), to_do.due_ms(1000)) == (None, 1000)
    to_do.retry()
    assert to_do.due_ms(1000) == 0


def test_one_text_that_always_fails_is_alone_in_the_end() -> None:
    to_do = looked(8, *"abcdefgh")
    tries = 0
    while to_do.pending > 1:
        tries += 1
        if "c" in take(to_do):
            to_do.fail(0)
        else:
            to_do.done(0)
        to_do.retry()

    assert to_do.failed == {"c"}
    assert tries < 20


def test_documents_that_do_not_accept_their_vector_wait_and_the_others_are_done() -> None:
    to_do = looked(4, "a", "b", "c")
    take(to_do)
    to_do.note("c", 0)

    to_do.done(0, {"b", "c"})

    assert (to_do.failed, to_do.retry_ms) == ({"b"}, 1000)
    assert take(to_do) == ["c"]  # it has changed since, so nobody knows whether it is refused


@pytest.mark.parametrize("state", ["fresh", "waiting"])
def test_a_document_that_is_gone_is_forgotten(state: str) -> None:
    to_do = looked(2, "a")
    if state == "waiting":
        take(to_do)
        to_do.fail(0)

    to_do.drop("a")

    assert (to_do.pending, to_do.failed, to_do.is_done(to_do.number)) == (0, set(), True)
    to_do.check()


def test_what_was_given_back_is_as_if_it_had_never_been_taken() -> None:
    to_do = looked(2, "a", "b", "c")
    take(to_do)
    to_do.note("b", 9)

    to_do.give_back()

    assert (to_do.pending, to_do.failed) == (3, set())
    assert take(to_do) == ["a", "b"]
