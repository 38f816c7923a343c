"""Help pages over HTTP."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from helpdesk.api.answers import answer
from helpdesk.api.requests import actor_of, database_of
from helpdesk.domain import knowledge
from helpdesk.parsing import parse_id, parse_json
from helpdesk.storage.transaction import Transaction


class NewArticle(BaseModel):
    title: Annotated[str, Field(max_length=knowledge.LONGEST_TITLE)]
    body: Annotated[str, Field(max_length=knowledge.LONGEST_BODY)]
    locale: Literal["en", "sv"] = "en"
    published: bool = False


async def list_articles(request: Request) -> Response:
    """Every help page, by language and title."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        found = [_told(one) for one in await knowledge.all_of(tx)]
    return answer({"items": found, "next": None})


async def create_article(tx: Transaction, _request: Request, wanted: NewArticle) -> Any:
    """A new help page. For leads and administrators."""
    return _told(await knowledge.save(tx, None, **wanted.model_dump()))


async def change_article(request: Request) -> Response:
    """Another wording of a help page."""
    wanted = parse_json(await request.body(), NewArticle)
    article_id = parse_id(request.path_params["id"], "article")
    async with database_of(request).transaction(await actor_of(request)) as tx:
        told = _told(await knowledge.save(tx, article_id, **wanted.model_dump()))
    return answer(told)


async def delete_article(request: Request) -> Response:
    """Take a help page away."""
    async with database_of(request).transaction(await actor_of(request)) as tx:
        await knowledge.remove(tx, parse_id(request.path_params["id"], "article"))
    return answer(None)


def _told(one: knowledge.Article) -> dict[str, Any]:
    names = ("id", "title", "body", "locale", "published", "changed_at")
    return {name: getattr(one, name) for name in names}
