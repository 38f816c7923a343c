"""Articles, as they are found and read."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class FoundArticle(BaseModel):
    id: UUID
    title: str
    body: str


class FoundArticles(BaseModel):
    items: list[FoundArticle]


class Article(FoundArticle):
    locale: str
    published: bool
    changed_at: datetime
