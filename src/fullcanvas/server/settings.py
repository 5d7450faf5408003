"""Single values that a project remembers, by name."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

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
