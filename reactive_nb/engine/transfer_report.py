"""What exporting and loading have done, for people and programs.

Comes in: counts and names. Goes out: records that show themselves in a few words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What `db.export` has written.

    Attributes:
        file: Where.
        documents: How many documents, by table.
        files: How many stored files.
    """

    file: Path
    documents: Mapping[str, int]
    files: int = 0

    def __repr__(self) -> str:
        return f"<exported {_counted(self.documents, self.files)} to {self.file}>"


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What `db.load` has done.

    Attributes:
        documents: How many documents were loaded, by table.
        files: How many stored files.
        deleted: How many documents had to give way, by table.
        declared: The tables that have got their declarations from the file.
        renumbered: The tables whose ids have other numbers here than in the file, so that all ids of theirs were
            changed, also where other documents of the file have them.
        skipped: What the file holds and was passed over, in words.
    """

    documents: Mapping[str, int]
    files: int = 0
    deleted: Mapping[str, int] = field(default_factory=dict)
    declared: tuple[str, ...] = ()
    renumbered: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()

    def __repr__(self) -> str:
        lines = [f"<loaded {_counted(self.documents, self.files)}>"]
        if self.deleted:
            lines.append(f"deleted: {_counted(self.deleted, 0)}")
        for title, names in (
            ("declared", self.declared),
            ("ids renumbered", self.renumbered),
            ("skipped", self.skipped),
        ):
            if names:
                lines.append(f"{title}: {', '.join(names)}")
        return "\n".join(lines)


def _counted(documents: Mapping[str, int], files: int) -> str:
    told = [f"{count:,} of {table}" for table, count in documents.items()] or ["nothing"]
    return ", ".join(told) + (f", {files:,} stored files" if files else "")
