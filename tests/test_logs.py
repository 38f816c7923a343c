"""What is written to the log holds no secrets."""

import logging
from collections.abc import Iterator

import pytest

from helpdesk import logs
from helpdesk.channels import pagers
from helpdesk.channels.notify_addresses import sender_for
from helpdesk.errors import Invalid, Unavailable
from helpdesk.settings import Settings
from tests.jobs.receivers import a_receiver, gateways_may_take_their_time

__all__ = ["gateways_may_take_their_time"]


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before


@pytest.mark.usefixtures("gateways_may_take_their_time")
@pytest.mark.parametrize("level", ["info", "debug"])
async def test_a_gateways_credentials_are_not_logged(level: str, capfd: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(data_dir="/nowhere", log_level=level))
    networks = {"127.0.0.0/8"}

    with pytest.raises(Invalid, match="notify_address_invalid"):
        sender_for("twilio://hunter2secret")
    async with a_receiver() as gateway:
        address = f"127.0.0.1:{gateway.port}/hunter2secret?key=hunter2secret"
        await pagers.notify(f"json://me:hunter2secret@{address}", "Title", "Body", networks)
        await pagers.post_webhook(f"http://{address}", "secret", {}, "key", 0, networks)
    with pytest.raises(Unavailable, match="notify_failed"):
        await pagers.notify(f"json://me:hunter2secret@{address}", "Title", "Body", networks)
    with pytest.raises(Unavailable, match="webhook_unreachable"):
        await pagers.post_webhook(f"http://{address}", "secret", {}, "key", 0, networks)
    logging.getLogger("helpdesk").info("this is logged")

    told = capfd.readouterr()
    assert "this is logged" in told.err
    assert "hunter2secret" not in told.err + told.out
