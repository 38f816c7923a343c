"""Work that was given up: why, and trying once more or letting it go."""

from starlette.requests import Request
from starlette.responses import Response

from helpdesk.parsing import parse_number
from helpdesk.storage import job_queue
from helpdesk.web.admin import shell

PATH = "/admin/jobs"


async def show_jobs(request: Request) -> Response:
    """GET /admin/jobs"""
    actor = await shell.require(request, "jobs")
    async with request.app.state.database.transaction(actor) as tx:
        connection = await tx.driver()
        jobs, held = await job_queue.held_jobs(connection), await job_queue.held(connection)
        late = await job_queue.oldest_age(connection)
        now = tx.now
    return shell.render(request, "jobs", "admin/jobs.html", actor, jobs=jobs, held=held, late=late, now=now)


async def submit_jobs(request: Request) -> Response:
    """POST /admin/jobs: `retry` or `discard` one by its number, or all with `all`."""
    actor = await shell.require(request, "jobs")
    form = await request.form()
    order, which = str(form.get("order", "")), str(form.get("job", ""))
    job_id = None if which == "all" else parse_number(which, "job")
    async with request.app.state.database.transaction(actor) as tx:
        connection = await tx.driver()
        if order == "retry":
            await job_queue.retry_held(connection, job_id)
        elif order == "discard":
            await job_queue.discard_held(connection, job_id)
    return shell.saved(PATH)
