"""Inserts or updates a mapped row by the driver alone, from its table's own description."""

from functools import lru_cache
from typing import Any

import asyncpg
import orjson
from sqlalchemy import inspect
from sqlalchemy.dialects.postgresql import JSONB

from helpdesk.storage.tables import Base


async def insert(connection: asyncpg.Connection, row: Base) -> None:
    """Attributes without a value are NULL afterwards, or what the database says where it has a default."""
    given = row.__dict__
    names = tuple(name for name in _columns(type(row)) if name in given)
    statement, returning = _statement(type(row), names)
    values = [_plain(given[name]) if is_json else given[name] for name, is_json in _json(type(row), names)]
    told = await connection.fetchrow(statement, *values)
    for name in returning:
        setattr(row, name, told[name] if told is not None else None)


async def update(connection: asyncpg.Connection, row: Base) -> None:
    """What was changed of a row that is there; nothing where nothing was."""
    state = inspect(row)
    names = tuple(name for name in _columns(type(row)) if name in state.committed_state)
    if not names:
        return
    given = state.dict
    values = [_plain(given[name]) if is_json else given[name] for name, is_json in _json(type(row), names)]
    await connection.execute(_update(type(row), names), *values, *(state.identity or ()))


@lru_cache(maxsize=256)
def _update(kind: type[Base], names: tuple[str, ...]) -> str:
    columns, mapper = _columns(kind), inspect(kind)
    changed = ", ".join(f'"{columns[name].name}" = ${place}' for place, name in enumerate(names, 1))
    keys = enumerate(mapper.primary_key, len(names) + 1)
    found = " AND ".join(f'"{column.name}" = ${place}' for place, column in keys)
    return f"UPDATE {kind.__tablename__} SET {changed} WHERE {found}"  # noqa: S608  names of our own


@lru_cache(maxsize=64)
def _columns(kind: type[Base]) -> dict[str, Any]:
    return {attribute.key: attribute.columns[0] for attribute in inspect(kind).column_attrs}


@lru_cache(maxsize=256)
def _json(kind: type[Base], names: tuple[str, ...]) -> list[tuple[str, bool]]:
    return [(name, isinstance(_columns(kind)[name].type, JSONB)) for name in names]


@lru_cache(maxsize=256)
def _statement(kind: type[Base], names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The INSERT, and the attributes it answers with because nobody gave them a value."""
    columns = _columns(kind)
    missing = tuple(name for name in columns if name not in names)
    into = ", ".join(f'"{columns[name].name}"' for name in names)
    values = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    answer = ", ".join(f'"{columns[name].name}" AS "{name}"' for name in missing)
    statement = f"INSERT INTO {kind.__tablename__} ({into}) VALUES ({values})"  # noqa: S608  names of our own
    return (f"{statement} RETURNING {answer}" if missing else statement), missing


def _plain(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()
