"""The notebook side: live results on the page, the `%reactive` magic, and traits as arguments.

A `Live` (live.py) comes in; what a page needs to show it goes out through one hub per engine. The flow of one change
is the reading order of this folder:

    encoding → shape → rows → view → hub (paced by pacer) → widgets → static/*.js

Nothing here reads the database: a view only ever sees what a live result already holds.
"""
