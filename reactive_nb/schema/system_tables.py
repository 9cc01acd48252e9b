"""The engine's own tables (jobs, crons, files, the environment, vectors), declared like any other, made when first written.

Their names and fields are those of Convex where it has them. People read them with `ctx.db.system`; only the engine
writes them, through the same transactions.
"""

from __future__ import annotations

from reactive_nb.schema.declaration import Table, table
from reactive_nb.values.validators import v

SCHEDULED = "_scheduled_functions"
CRONS = "_crons"
STORAGE = "_storage"
ENVIRONMENT = "_environment"
EMBEDDINGS = "_embeddings"

PRIVATE = frozenset((ENVIRONMENT,))
"""What `ctx.db.system` shows as empty, for it may hold secrets."""

_state = v.object({"kind": v.string(), "error": v.optional(v.string())})
_run = v.object(
    {
        "scheduledTime": v.number(),
        "startTime": v.number(),
        "endTime": v.optional(v.number()),
        "state": _state,
    }
)

SYSTEM_TABLES: dict[str, tuple[int, Table]] = {
    SCHEDULED: (
        2,
        table(
            name=v.string(),
            args=v.array(v.any()),
            scheduledTime=v.number(),
            completedTime=v.optional(v.number()),
            state=_state,
            result=v.optional(v.any()),
        )
        .index("by_function", "state.kind", "name", "scheduledTime")
        .index("by_completed", "completedTime"),
    ),
    CRONS: (
        3,
        table(
            name=v.string(),
            function=v.string(),
            args=v.any(),
            schedule=v.any(),
            ifMissed=v.string(),
            paused=v.boolean(),
            nextTime=v.union(v.number(), v.null()),
            isRequested=v.boolean(),
            current=v.union(_run, v.null()),
            history=v.array(_run),
            source=v.optional(v.string()),
            place=v.optional(v.string()),
            timeoutMs=v.optional(v.number()),
        ).index("by_name", "name", unique=True),
    ),
    STORAGE: (
        4,
        table(sha256=v.string(), size=v.int64(), contentType=v.optional(v.string())).index("by_sha256", "sha256"),
    ),
    ENVIRONMENT: (
        5,
        table(name=v.string(), validator=v.any(), value=v.optional(v.any())).index("by_name", "name", unique=True),
    ),
    EMBEDDINGS: (
        6,
        # The vector as its float32 numbers, little-endian: its length is not known before a model has said it.
        table(name=v.string(), sha256=v.bytes(), vector=v.bytes()).index("by_text", "name", "sha256"),
    ),
}
"""Number and declaration by name; the numbers are part of the ids of their documents and never change."""
