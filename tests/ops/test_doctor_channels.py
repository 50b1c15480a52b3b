"""`monitor doctor` looks at every kind of channel, sends nothing unless told to, and quotes no secret."""

import json
from contextlib import ExitStack
from typing import get_args

import pytest
from click.testing import CliRunner

from monitor.cli import main
from monitor.config import files
from tests.notify.servers import free_port, http_receiver, smtp_server

PASSWORD, TOKEN = "planted-password", "planted-token"
CHANNELS = """\
channels:
  log: {{type: log}}
  hook: {{type: webhook, url_env: HOOK_URL, secret_env: HOOK_SECRET}}
  slack: {{type: slack, url_env: SLACK_URL}}
  discord: {{type: discord, url_env: DISCORD_URL}}
  own: {{type: apprise, url_env: OWN_URL}}
  mail:
    type: email
    host: 127.0.0.1
    port: {port}
    security: none
    from: monitor@monitor.example
    to: [anna@reader.example, ben@reader.example]
routes:
  - to: [log, hook, slack, discord, own, mail]
"""


@pytest.fixture
def doctor(desk, monkeypatch):
    def call(addresses: dict[str, str], port: int, *options: str, **environ: str):
        tail = f"planted-path/{TOKEN}"
        urls = {f"{name.upper()}_URL": f"http://{address}/{tail}" for name, address in addresses.items()}
        urls["OWN_URL"] = urls["OWN_URL"].replace("http://", f"json://user:{PASSWORD}@")
        for name, value in (desk.environ | urls | environ).items():
            monkeypatch.setenv(name, value)
        desk.write("channels", CHANNELS.format(port=port))
        result = CliRunner().invoke(
            main, ["--config", str(desk.config), "--state", str(desk.state), "doctor", *options]
        )
        assert not [secret for secret in (PASSWORD, TOKEN, "planted-path") if secret in result.output]
        return result

    return call


KINDS = ("hook", "slack", "discord", "own")


def test_every_kind_that_the_configuration_allows_is_looked_at_here():
    kinds = {get_args(kind.model_fields["type"].annotation)[0] for kind in get_args(get_args(files.Channel)[0])}
    assert kinds == {"log", "webhook", "slack", "discord", "apprise", "email"}


def test_it_reaches_every_channel_and_sends_nothing_unless_it_is_told_to(doctor):
    with ExitStack() as stack:
        receivers = {kind: stack.enter_context(http_receiver()) for kind in KINDS}
        mailbox = stack.enter_context(smtp_server())
        addresses = {kind: each.url.split("/")[2] for kind, each in receivers.items()}
        looked = doctor(addresses, mailbox.port)
        assert looked.exit_code == 0, looked.output
        for name in ("log", *KINDS, "mail"):
            assert f"ok     channel {name}" in looked.stdout
        assert not any(each.requests for each in receivers.values())
        assert mailbox.taken == []

        sent = doctor(addresses, mailbox.port, "--send")
        assert sent.exit_code == 0, sent.output
        for name in ("log", *KINDS, "mail:anna@reader.example", "mail:ben@reader.example"):
            assert f"ok     test to {name}" in sent.stdout
        assert [len(each.requests) for each in receivers.values()] == [1, 1, 1, 1]
        assert json.loads(receivers["hook"].requests[0][2])["data"]["test"] is True
        assert all(b"[test]" in receivers[kind].requests[0][2] for kind in ("slack", "discord", "own"))
        assert all(b"This is a test" in each.content for each in mailbox.taken)
        assert sorted(each.rcpt_tos[0] for each in mailbox.taken) == ["anna@reader.example", "ben@reader.example"]
        assert "[test]" in sent.stdout, "the log's line"


def test_it_finds_every_channel_that_nobody_answers_at(doctor):
    nowhere = f"127.0.0.1:{free_port()}"
    looked = doctor(dict.fromkeys(KINDS, nowhere), free_port(), "--send")
    assert looked.exit_code == 1
    for name in ("hook", "slack", "discord", "mail"):
        assert f"WRONG  channel {name}" in looked.stdout
    for name in (*KINDS, "mail:anna@reader.example"):
        assert f"WRONG  test to {name}" in looked.stdout


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("nosuchservice://planted-token", "is no address that Apprise knows"),
        ("json://nobody.invalid/planted-path", ""),  # what the name service says differs
    ],
)
def test_it_finds_an_address_that_apprise_cannot_use(doctor, address, found):
    addresses = dict.fromkeys(KINDS, f"127.0.0.1:{free_port()}")
    (line,) = [
        line for line in doctor(addresses, free_port(), OWN_URL=address).stdout.splitlines() if "channel own" in line
    ]
    assert line.startswith("WRONG")
    assert found in line
