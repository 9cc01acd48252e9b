"""The notebook side: what people see of a database, and touch.

Live results, functions and the database itself come in; widgets, cells that run again, magics and drawings go out. What
pages show goes through one hub per kernel. The groups, in the order in which they may import each other:

    result    how a value looks: cells, rows and their changes, sorting and filtering
    page      the wire between kernel and pages: views, sessions, frames, requests; static/ is the other end of it
    widget    what stands in a layout: tables, views, plots, forms, buttons; and bindings of traits
    cell      cells that run again: %%live and %%on
    teach     why it ran, what happened, what hangs together

and above them live.py (a query's result as traits), surface.py (what the engine asks for), magics.py and extension.py.
Nothing here reads the database but through queries.
"""
