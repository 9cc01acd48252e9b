"""The file that an export writes: there whole, or as it was before."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from reactive_nb.errors import TransferError
from reactive_nb.tables.transfer.target import passing_file, passing_path


def test_a_file_appears_at_the_end_of_its_block(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"

    with passing_file(file) as into:
        into.write(b"hello")
        assert not file.exists()

    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]
    assert file.read_bytes() == b"hello"


def write_half(file: Path, error: BaseException) -> None:
    with passing_file(file) as into:
        into.write(b"half")
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_a_block_that_raises_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes(b"before")

    with pytest.raises(error):
        write_half(file, error())

    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]
    assert file.read_bytes() == b"before"


def test_a_disk_that_takes_no_more_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(TransferError) as caught:
        write_half(tmp_path / "a.csv", OSError(errno.ENOSPC, "No space left on device"))

    assert caught.value.thing == f"writing {tmp_path / 'a.csv'} failed: No space left on device"
    assert caught.value.hint == "Make room on the disk and try again; no file was left or changed"
    assert [*tmp_path.iterdir()] == []


def test_a_link_stays_and_what_it_points_to_is_written(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "there" / "a.csv")

    with passing_path(tmp_path / "link.csv") as part:
        part.write_bytes(b"hello")

    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "there" / "a.csv").read_bytes() == b"hello"
