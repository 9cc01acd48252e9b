"""Files: the bytes that documents of `_storage` stand for, kept beside the database and not in it.

| file          | what a reader finds there                                                              |
|---------------|----------------------------------------------------------------------------------------|
| `contents.py` | `Contents`: each content once, under the SHA-256 of its bytes, whole or not at all     |
| `refusals.py` | every sentence it says when bytes are missing, damaged or cannot be written            |

What functions use of it, `ctx.storage`, is `functions/storage.py`.
"""

from __future__ import annotations

from reactive_nb.files.contents import Content, Contents

__all__ = ["Content", "Contents"]
