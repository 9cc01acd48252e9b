"""The write log: which commits and which moments it still holds."""

from __future__ import annotations

import pytest

from reactive_nb.documents.snapshot import Change, Snapshot
from reactive_nb.transaction import recent_commits
from reactive_nb.transaction.commit import Commit
from reactive_nb.transaction.recent_commits import RecentCommits


def commit(ts: int, changes: int = 1) -> Commit:
    made = tuple(Change("t", f"{ts}.{n}", None, b"", None, ()) for n in range(changes))
    return Commit(ts, 0.0, "f", made, {}, frozenset())


def holding(*changes: int, limit: int = 100, base: int = 0) -> RecentCommits:
    """The write log after commits of so many changes each."""
    recent = RecentCommits(Snapshot(base, {}), limit)
    for ts, count in enumerate(changes, start=base + 1):
        recent.append(commit(ts, count), Snapshot(ts, {}))
        recent.check()
    return recent


def since(recent: RecentCommits, ts: int) -> list[int] | None:
    found = recent.since(ts)
    return None if found is None else [each.ts for each in found]


def snapshot_at(recent: RecentCommits, ts: int) -> int | None:
    found = recent.snapshot_at(ts)
    return None if found is None else found.ts


def test_it_starts_with_one_moment_and_no_commit() -> None:
    recent = holding(base=7)

    assert (since(recent, 7), since(recent, 6), since(recent, 8)) == ([], None, [])
    assert (snapshot_at(recent, 7), snapshot_at(recent, 6), snapshot_at(recent, 8)) == (7, None, None)
    assert recent.newest(3) == []


def test_it_tells_what_happened_since_any_moment_it_holds() -> None:
    recent = holding(1, 1, 1)

    assert [since(recent, ts) for ts in range(5)] == [[1, 2, 3], [2, 3], [3], [], []]
    assert [snapshot_at(recent, ts) for ts in range(-1, 5)] == [None, 0, 1, 2, 3, None]


def test_it_forgets_the_oldest_beyond_its_limit() -> None:
    recent = holding(1, 1, 1, 1, limit=2)

    assert [since(recent, ts) for ts in range(5)] == [None, None, [3, 4], [4], []]
    assert [snapshot_at(recent, ts) for ts in range(5)] == [None, None, 2, 3, 4]
    assert recent.base.ts == 2


def test_it_forgets_the_oldest_when_they_hold_many_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_commits, "MAX_CHANGES", 10)

    assert since(holding(6, 3, 1), 0) == [1, 2, 3]
    assert since(holding(6, 3, 2), 1) == [2, 3]
    assert since(holding(6, 3, 2), 0) is None


def test_a_single_huge_commit_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent_commits, "MAX_CHANGES", 10)

    assert since(holding(1, 99), 1) == [2]
    assert since(holding(1, 99, 1), 2) == [3]


@pytest.mark.parametrize(("count", "expected"), [(0, []), (2, [2, 3]), (9, [1, 2, 3])])
def test_the_newest_come_last(count: int, expected: list[int]) -> None:
    assert [each.ts for each in holding(1, 1, 1).newest(count)] == expected
