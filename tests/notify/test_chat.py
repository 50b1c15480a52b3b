"""How Slack and Discord show an alert, and what Apprise says of a service that it does not know."""

import json
from typing import Any

import pytest

from monitor.model import Failed
from monitor.notify.apprise import AppriseService, find_fault
from monitor.notify.chat import Service, render_message
from monitor.notify.digest import merge
from monitor.notify.routes import plan_delivery
from tests.builders import NOW, a_move, some_evidence
from tests.notify.test_digest import held
from tests.notify.test_routes import alert_of

HOSTILE = "<!channel> *Ada* [x](https://evil.example) @everyone <https://evil.example|x> `rm`"


def payload(**changes: Any) -> dict[str, object]:
    return dict(alert_of(a_move(**changes)).payload)


def test_slack_gets_headline_sentences_and_the_way_back() -> None:
    message = render_message(Service.SLACK, payload())
    assert message["text"] == "Ada Lovelace leaves Meta for Cohere (reported)"
    quoted, context = message["blocks"][1]["text"]["text"], message["blocks"][2]["elements"][0]["text"]
    assert quoted.startswith("> “Ada Lovelace has joined Cohere from Meta")
    assert "<https://outlet.example/1|Ada Lovelace joins Cohere>" in quoted
    assert "monitor correct" in context


def test_discord_gets_an_embed_that_mentions_nobody() -> None:
    message = render_message(Service.DISCORD, payload())
    (embed,) = message["embeds"]
    assert embed["title"] == "Ada Lovelace leaves Meta for Cohere (reported)"
    assert "[Ada Lovelace joins Cohere](<https://outlet.example/1>)" in embed["description"]
    assert message["allowed_mentions"] == {"parse": []}


def test_no_text_of_an_article_is_markup_or_mentions_anybody() -> None:
    evidence = (some_evidence(sentence=HOSTILE, title=HOSTILE, url="https://x.example/<|>"),)
    slack, discord = (json.dumps(render_message(s, payload(evidence=evidence)), ensure_ascii=False) for s in Service)
    assert "<!channel>" not in slack
    assert "<https://evil" not in slack
    assert "<https://x.example/<" not in slack
    assert "[x](" not in discord
    assert "](<https://x.example/<" not in discord


@pytest.mark.parametrize("service", Service)
def test_a_digest_shows_each_of_its_moves(service: Service) -> None:
    merged = merge([held("Ada Lovelace"), held("Alan Turing")])
    shown = json.dumps(render_message(service, merged.alert.payload), ensure_ascii=False)
    assert "Ada Lovelace leaves Meta" in shown
    assert "Alan Turing leaves Meta" in shown


def test_an_address_that_apprise_does_not_know_is_told_without_quoting_it() -> None:
    assert find_fault("nonsense://secret-token/") == "is no address that Apprise knows"
    assert find_fault("json://127.0.0.1/hook") is None
    result = AppriseService(name="x", url="nonsense://secret-token/").send(
        plan_delivery(alert_of(a_move()), "x", NOW), NOW
    )
    assert isinstance(result, Failed)
    assert "nomatch" in result.reason
    assert "secret" not in result.reason


def test_a_long_digest_on_discord_names_every_move_and_its_alert() -> None:
    many = [held(f"Person Number{number:02}", id=f"m{number}") for number in range(20)]
    embed = render_message(Service.DISCORD, merge(many).alert.payload)["embeds"][0]
    assert [n for n in range(20) if f"Number{n:02}" not in embed["description"]] == []
    assert all(f"({each.alert.id})" in embed["description"] for each in many)
    assert merge(many).alert.id not in embed["footer"]["text"]
