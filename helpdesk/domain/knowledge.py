"""Help pages: written by us, found by people before they write to us."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Computed,
    Index,
    Text,
    and_,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from helpdesk.actors import Role
from helpdesk.domain import permissions
from helpdesk.errors import Invalid, NotFound
from helpdesk.storage.tables import Base, Id
from helpdesk.storage.transaction import Transaction

LONGEST_TITLE = 200
LONGEST_BODY = 50_000
_CONFIGURATION = {"sv": "swedish", "en": "english"}
_DOCUMENT = (
    "setweight(to_tsvector(CASE locale WHEN 'sv' THEN 'swedish'::regconfig ELSE 'english'::regconfig END,"
    " title), 'A') || "
    "setweight(to_tsvector(CASE locale WHEN 'sv' THEN 'swedish'::regconfig ELSE 'english'::regconfig END,"
    " body), 'C')"
)


class Article(Base):
    """Plain text with blank lines between paragraphs; people see it once it is published."""

    __tablename__ = "articles"

    id: Mapped[Id]
    title: Mapped[str]
    body: Mapped[str]
    locale: Mapped[str]
    published: Mapped[bool] = mapped_column(server_default="false")
    document: Mapped[str] = mapped_column(TSVECTOR, Computed(_DOCUMENT, persisted=True))
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]

    __table_args__ = (
        Index("ix_articles_document", "document", postgresql_using="gin"),
        Index("ix_articles_published", "locale", "title", postgresql_where=text("published")),
    )


async def save(
    tx: Transaction, article_id: UUID | None, *, title: str, body: str, locale: str, published: bool
) -> Article:
    """A new article, or another wording of one that is there. Errors: Invalid naming the field, NotFound."""
    permissions.require_role(tx.actor, Role.LEAD)
    title, body = " ".join(title.split()), body.replace("\r\n", "\n").replace("\x00", "").strip()
    if not title or len(title) > LONGEST_TITLE:
        raise Invalid("title_invalid", "Give it a title of at most 200 characters.", field="title")
    if not body or len(body) > LONGEST_BODY:
        raise Invalid("body_invalid", "Write something, at most 50,000 characters.", field="body")
    if locale not in _CONFIGURATION:
        raise Invalid("locale_unknown", field="locale")
    article = await get(tx, article_id) if article_id else Article(id=tx.new_id(), created_at=tx.now)
    article.title, article.body, article.locale, article.published = title, body, locale, published
    article.changed_at, article.changed_by = tx.now, tx.actor.agent_id
    tx.session.add(article)
    await tx.session.flush()
    return article


async def remove(tx: Transaction, article_id: UUID) -> None:
    permissions.require_role(tx.actor, Role.LEAD)
    await tx.session.delete(await get(tx, article_id))


async def get(tx: Transaction, article_id: UUID) -> Article:
    """Errors: NotFound, also for whoever is no agent while it is not published."""
    found = await tx.session.get(Article, article_id)
    if found is None or not (found.published or tx.actor.is_staff):
        raise NotFound("article_not_found")
    return found


async def all_of(tx: Transaction) -> list[Article]:
    """For those who write them."""
    permissions.require_reader(tx.actor)
    return list(await tx.session.scalars(select(Article).order_by(Article.locale, Article.title)))


async def published(tx: Transaction, locale: str, limit: int = 100) -> list[Article]:
    """In the reader's language; where there is none, in English."""
    for wanted in dict.fromkeys((locale, "en")):
        query = select(Article).where(Article.published, Article.locale == wanted)
        found = list(await tx.session.scalars(query.order_by(Article.title).limit(limit)))
        if found:
            return found
    return []


async def has_any(tx: Transaction) -> bool:
    found: bool = await (await tx.driver()).fetchval("SELECT EXISTS (SELECT FROM articles WHERE published)")
    return found


async def suggest(tx: Transaction, sought: str, locale: str, limit: int = 3) -> list[Article]:
    """Published articles that share words with what somebody writes, the best first: any word counts, a
    word in the title most."""
    own, english = _any_word(sought, locale), _any_word(sought, "en")
    fits = or_(
        and_(Article.locale == locale, Article.document.op("@@")(own)),
        and_(Article.locale == "en", Article.document.op("@@")(english)),
    )
    rank = func.ts_rank_cd(Article.document, case((Article.locale == locale, own), else_=english))
    wanted = select(Article).where(Article.published, fits)
    ordered = wanted.order_by((Article.locale == locale).desc(), rank.desc(), Article.title)
    return list(await tx.session.scalars(ordered.limit(limit)))


def _any_word(sought: str, locale: str) -> ColumnElement[Any]:
    """A query for any of the words, by the grammar of a language."""
    name = _CONFIGURATION.get(locale, "english")
    configuration: ColumnElement[Any] = literal_column(f"'{name}'::regconfig")
    every = cast(func.plainto_tsquery(configuration, sought[:300]), Text)
    return cast(func.replace(every, " & ", " | "), TSQUERY)
