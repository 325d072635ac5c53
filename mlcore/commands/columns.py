"""Columns of a table that comes back with more of them."""

from collections.abc import Sequence

from mlcore.events import Events


def distinct(header: Sequence[str], added: Sequence[str], events: Events) -> list[str]:
    """Names of the input columns in the output: one that would stand there twice gets `_input` appended."""
    names: list[str] = []
    for column in header:
        name = column
        while name in added or name in names or (name != column and name in header):
            name += "_input"
        if name != column and not events.as_json:  # a program reads the header
            events.log("info", f"the input's column {column!r} is called {name!r} in the output")
        names.append(name)
    return names
