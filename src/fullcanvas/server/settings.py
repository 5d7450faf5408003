"""Single values that a project remembers, by name."""

from __future__ import annotations

from sqlalchemy import Connection, Integer, Text, cast, delete, insert, select, update

from fullcanvas.server import schema


def setting(connection: Connection, name: str) -> str | None:
    """What is remembered by a name, or None."""
    query = select(schema.settings.c.value).where(schema.settings.c.name == name)
    found: str | None = connection.execute(query).scalar_one_or_none()
    return found


def remember(connection: Connection, name: str, value: str) -> None:
    """Remember a value, in the transaction that is open."""
    table = schema.settings
    connection.execute(delete(table).where(table.c.name == name))
    connection.execute(insert(table).values(name=name, value=value))


def number(connection: Connection, name: str) -> int:
    """The number that is remembered by a name; 0 before it was ever increased."""
    return int(setting(connection, name) or 0)


def increase(connection: Connection, name: str) -> None:
    """Add one to a number that is remembered, in the transaction that is open."""
    table = schema.settings
    more = cast(cast(table.c.value, Integer) + 1, Text)
    increased = connection.execute(update(table).where(table.c.name == name).values(value=more))
    if not increased.rowcount:
        connection.execute(insert(table).values(name=name, value="1"))
