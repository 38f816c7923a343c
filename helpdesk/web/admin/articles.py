"""Help pages: written here, found on the support page and in the chat."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.domain import knowledge
from helpdesk.errors import Invalid
from helpdesk.parsing import parse_id
from helpdesk.web.admin import shell

PATH = "/admin/articles"


async def show_articles(request: Request) -> Response:
    """GET /admin/articles, and one of them to change at ?article="""
    wanted = request.query_params.get("article")
    return await _page(request, parse_id(wanted, "article") if wanted else None)


async def save_article(request: Request) -> Response:
    """POST /admin/articles"""
    actor = await shell.require(request, "articles")
    form = await request.form(max_files=0, max_fields=20)
    article_id = parse_id(str(form["article"]), "article") if form.get("article") else None
    given = {name: str(form.get(name, "")) for name in ("title", "body", "locale")}
    published = form.get("published") == "on"
    try:
        async with request.app.state.database.transaction(actor) as tx:
            await knowledge.save(tx, article_id, **given, published=published)
    except Invalid as failure:
        shown = given | ({"published": "on"} if published else {})
        error = {failure.field or "title": failure.detail or failure.code}
        return await _page(request, article_id, shown, error, 422)
    return shell.saved(PATH)


async def remove_article(request: Request) -> Response:
    """POST /admin/articles/{id}/remove"""
    actor = await shell.require(request, "articles")
    async with request.app.state.database.transaction(actor) as tx:
        await knowledge.remove(tx, parse_id(request.path_params["id"], "article"))
    return shell.saved(PATH)


async def _page(
    request: Request,
    article_id: UUID | None,
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    actor = await shell.require(request, "articles")
    async with request.app.state.database.transaction(actor) as tx:
        found = await knowledge.all_of(tx)
        chosen = await knowledge.get(tx, article_id) if article_id else None
    if given is None:
        given = {name: getattr(chosen, name) for name in ("title", "body", "locale")} if chosen else {}
        given |= {"published": "on"} if chosen is None or chosen.published else {}
    return shell.render(
        request, "articles", "admin/articles.html", actor, status,
        articles=found, chosen=article_id, given=given, errors=errors or {},
    )  # fmt: skip
