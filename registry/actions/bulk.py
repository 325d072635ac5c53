"""Many rows at once: COPY into a temporary table, then INSERT what breaks no unique constraint."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models, transaction


def insert_new(
    model: type[models.Model], fields: Sequence[str], rows: Iterable[Sequence[Any]], returning: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Insert rows that are not there yet; a row that meets an existing one changes nothing.

    Runs within the caller's transaction. `created_at`, where the model has it, becomes now.

    Args:
        model: its table takes the rows.
        fields: field names in the order of every row's values.
        rows: values as PostgreSQL's text form takes them.
        returning: fields of the rows that were inserted.
    """
    table = model._meta.db_table
    listed = _columns(model, fields)
    stamped = any(field.name == "created_at" for field in model._meta.fields)
    back = _columns(model, returning) or "1"
    with connection.cursor() as cursor:
        cursor.execute(
            f'CREATE TEMPORARY TABLE arriving ON COMMIT DROP AS SELECT {listed} FROM "{table}" WITH NO DATA'  # noqa: S608
        )
        with cursor.copy(f"COPY arriving ({listed}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        # Foreign keys are checked now: every call of a row trigger wades through the queue of those that wait for the
        # commit, so that a load of 100,000 measurements would take minutes.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            f'INSERT INTO "{table}" ({listed}{", created_at" if stamped else ""}) '  # noqa: S608 - names of our own models
            f"SELECT {listed}{', now()' if stamped else ''} FROM arriving ON CONFLICT DO NOTHING RETURNING {back}"
        )
        inserted: list[tuple[Any, ...]] = cursor.fetchall()
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute("DROP TABLE arriving")
    return inserted


def refresh_statistics(*tables: type[models.Model]) -> None:
    """Let the planner know what a large load has changed, once it is committed; autovacuum would be minutes late.

    After the commit, since ANALYZE holds a lock on the table that two loads at once could wait for in a circle.
    """
    listed = ", ".join(f'"{model._meta.db_table}"' for model in tables)

    def analyze() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {listed}")

    transaction.on_commit(analyze)


def _columns(model: type[models.Model], fields: Sequence[str]) -> str:
    columns = {field.name: field.column for field in model._meta.fields}
    return ", ".join(f'"{columns[name]}"' for name in fields)
