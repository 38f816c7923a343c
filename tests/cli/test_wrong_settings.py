"""A wrong setting is told in one sentence by every command, before anything begins."""

import asyncio

import pytest
from typer.testing import CliRunner

from helpdesk.cli.commands import main
from helpdesk.settings import Settings

KEY = "only-these-tests-know-0123456789-abcdefghij"
COMMANDS = ("demo", "serve", "serve --workers 2", "work", "migrate", "doctor", "agent list")

WRONG = {
    "database_url": "mysql://root@localhost/helpdesk",
    "data_dir": "/dev/null/here",
    "port": "http",
    "public_url": "help.example.com",
    "secret_key": "changeme",
    "mail_keys": "1:short",
    "smtp_in_port": "70000",
    "smtp_out_url": "mail.example.com:587",
    "lmtp_port": "-1",
    "verify_dkim": "perhaps",
    "mail_microsoft_tenant": "a tenant",
    "mail_oauth_authorize_url": "login.example.com",
    "mail_oauth_token_url": "ftp://login.example.com",
    "remote_images": "perhaps",
    "bus_url": "localhost:6379",
    "log_format": "xml",
    "log_level": "loud",
    "trusted_proxies": "10.0.0.1,nginx",
    "private_networks": "the office",
    "queue_p1_head_start": "-1",
    "queue_p2_head_start": "soon",
    "queue_chat_head_start": "1e9",
    "queue_mail_minutes": "241",
    "queue_chat_due": "0",
    "queue_phone_due": "0",
    "queue_mail_due": "99999999999",
    "queue_rescue_every": "101",
    "pool_size": "1",
    "second_factor_for": "sometimes",
}
ANY_TEXT = {
    "authserv_ids", "arc_sealers", "mail_google_client_id", "mail_google_client_secret",
    "mail_microsoft_client_id", "mail_microsoft_client_secret", "mail_oauth_client_id",
    "mail_oauth_client_secret", "mail_oauth_scope", "metrics_token", "company_name",
}  # fmt: skip
SEEN_WHEN_USED = {
    "host": "host.invalid",
    "smtp_in_host": "203.0.113.1",
    "smtp_in_tls_certificate": "/nowhere/chain.pem",
    "smtp_in_tls_key": "/dev/null",
}


def test_of_every_setting_it_is_known_whether_it_can_be_wrong():
    assert {*WRONG, *ANY_TEXT, *SEEN_WHEN_USED, "demo"} == set(Settings.model_fields)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_wrong_value_is_one_sentence_that_names_the_setting(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {name: ended(command, tmp_path, **{name: value}) for name, value in WRONG.items()}

    assert {name: code for name, (code, _) in told.items() if code != 2} == {}
    assert {
        name: lines
        for name, (_, lines) in told.items()
        if len(lines) != 1 or f"HELPDESK_{name.upper()}" not in lines[0]
    } == {}


@pytest.mark.parametrize(("name", "value"), SEEN_WHEN_USED.items())
def test_what_cannot_be_listened_with_ends_a_server_before_its_database_begins(name, value, tmp_path):
    code, lines = ended("work" if name != "host" else "serve --no-worker", tmp_path, **{name: value})
    shared = {"smtp_in_tls_key": "SMTP_IN_TLS_CERTIFICATE"}

    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith(f"HELPDESK_{shared.get(name, name.upper())}: ")


@pytest.mark.parametrize("command", ["serve", "work", "migrate", "agent list"])
def test_a_database_that_is_not_there_is_one_sentence_without_its_password(command, tmp_path):
    code, lines = ended(command, tmp_path, database_url="postgresql://help:secret-word@127.0.0.1:1/desk")

    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("HELPDESK_DATABASE_URL: the database cannot be reached")
    assert "secret-word" not in lines[0]


@pytest.mark.parametrize("command", ["serve", "work", "migrate", "agent list"])
def test_a_data_folder_in_which_no_database_can_live_is_a_wrong_setting(command, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "postgres").write_text("a file where the folder of the database should be")

    code, lines = ended(command, tmp_path)

    assert (code, len(lines)) == (2, 1)
    assert lines[0].startswith("HELPDESK_DATA_DIR: ")


def test_what_nobody_knows_behind_an_address_is_told(tmp_path):
    for url in ("redis://127.0.0.1:1/?health_check_interval=often", "redis://127.0.0.1:1/?colour=red"):
        code, lines = ended("work", tmp_path, bus_url=url)

        assert (code, len(lines)) == (2, 1)
        assert lines[0].startswith("HELPDESK_BUS_URL: ")


async def test_so_it_is_with_the_database(database_url, tmp_path):
    given = f"{database_url}{'&' if '?' in database_url else '?'}colour=red"

    code, lines = await asyncio.to_thread(ended, "agent list", tmp_path, database_url=given)

    assert (code, lines) == (
        2, ["HELPDESK_DATABASE_URL: what stands behind its ? is nothing the driver knows"]
    )  # fmt: skip


def test_the_doctor_ends_as_a_server_would_and_tells_of_everything_else_too(tmp_path):
    code, lines = ended("doctor", tmp_path, database_url="postgresql://u@127.0.0.1:1/x")

    assert code == 2
    assert [line.split()[1] for line in lines if line.startswith("mend")] == [
        "HELPDESK_PUBLIC_URL", "HELPDESK_SMTP_OUT_URL", "HELPDESK_DATABASE_URL:"
    ]  # fmt: skip


def test_a_file_of_settings_that_is_none_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "helpdesk.toml").write_text("port = [")

    code, lines = ended("agent list", tmp_path)

    assert (code, len(lines), lines[0][:15]) == (2, 1, "helpdesk.toml: ")


def test_an_empty_setting_is_none(tmp_path, monkeypatch):
    monkeypatch.setenv("HELPDESK_PORT", "")
    monkeypatch.setenv("HELPDESK_SMTP_OUT_URL", "")

    assert (Settings().port, Settings().smtp_out_url) == (8000, None)


@pytest.mark.parametrize("wrong", [{"port": "http"}, {"database_url": "postgresql://u@127.0.0.1:1/x"}])
def test_a_mail_server_keeps_its_mail_while_a_setting_is_wrong(wrong, tmp_path):
    code, _ = ended("mail receive", tmp_path, given="Subject: Hi\n\nHello", **wrong)

    assert code == 75


def ended(command, folder, given=None, **settings):
    """Its exit code, and what it printed."""
    values = {
        "secret_key": KEY,
        "data_dir": str(folder / "data"),
        "port": "0",
        "smtp_in_port": "2525",
    } | settings
    environment = {f"HELPDESK_{name.upper()}": value for name, value in values.items()}
    result = CliRunner().invoke(main, command.split(" "), env=environment, input=given)
    return result.exit_code, result.output.strip().splitlines()
