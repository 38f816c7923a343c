"""What several features answer with."""

from typing import Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel

T = TypeVar("T")


class Page(BaseModel, Generic[T]):
    """`next` is the `after` of the next page; null on the last."""

    items: list[T]
    next: str | UUID | None


class Named(BaseModel):
    id: UUID
    name: str


class Problem(BaseModel):
    """RFC 9457. Decide by `code`, which does not change; show `detail`."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    field: str | None = None
