"""Templates of one's own: sandboxed, and never the end of an alert."""

import json
from pathlib import Path
from typing import Any

import pytest

from monitor.commands.preview import preview
from monitor.config import load_config
from monitor.errors import ConfigError, PermanentError
from monitor.notify.digest import merge
from monitor.notify.email import build_message
from monitor.notify.look import PLAIN, Look, show_html, show_subject, show_text, with_extra
from monitor.notify.payload import MAX_BYTES, encode
from monitor.notify.render import render_html, render_subject, render_text
from tests.builders import NOW, a_delivery, a_move
from tests.config.conftest import SOUND
from tests.notify.test_digest import held
from tests.notify.test_routes import alert_of

ALERT = alert_of(a_move("Ada <b>Lovelace"))
PAYLOAD = dict(ALERT.payload)
BROKEN = [
    "{{ nothing.at.all }}",
    "{{ 1 / 0 }}",
    "{% macro again(n) %}{{ again(n) }}{% endmacro %}{{ again(1) }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",  # the sandbox
    "{{ data.update({'x': 1}) }}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{{ 'x' | nosuchfilter }}",
    "{% if %}",
]


def test_a_channel_shows_alerts_as_its_templates_say() -> None:
    look = Look(subject="{{ data.person.name }}\n!", text="{{ headline }}.", html="<p>{{ data.person.name }}</p>")
    message = build_message(a_delivery(ALERT, "mail"), sender="m@x.example", recipient="a@x.example", look=look)
    assert message["Subject"] == "Ada <b>Lovelace !"
    assert message.get_body(("plain",)).get_content().startswith("Ada <b>Lovelace leaves Meta for Cohere (reported).")  # type: ignore[union-attr]
    assert "<p>Ada &lt;b&gt;Lovelace</p>" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize("template", BROKEN)
def test_a_template_that_fails_gives_way_to_the_built_in_look(template: str) -> None:
    look = Look(subject=template, text=template, html=template, extra=template)
    assert show_subject(look, PAYLOAD) == render_subject(PAYLOAD)
    assert show_text(look, PAYLOAD) == render_text(PAYLOAD)
    assert show_html(look, PAYLOAD) == render_html(PAYLOAD)
    assert encode(with_extra(look, PAYLOAD)) == encode(PAYLOAD)


def test_a_webhook_carries_the_extras_of_its_template() -> None:
    extended: Any = with_extra(Look(extra='{"team": "{{ data.kind }}", "n": 1}'), PAYLOAD)
    assert extended["data"]["extra"] == {"team": "move", "n": 1}
    assert "extra" not in json.loads(encode(PAYLOAD))["data"]


@pytest.mark.parametrize("extra", ["[1]", "no json", '{"x": "' + "y" * MAX_BYTES + '"}'])
def test_extras_that_are_no_object_or_too_large_are_left_out(extra: str) -> None:
    assert with_extra(Look(extra=extra), PAYLOAD) == PAYLOAD


def test_digests_and_the_plain_look_are_left_alone() -> None:
    digest = merge([held(), held("Alan Turing")]).alert.payload
    assert show_subject(Look(subject="x"), digest) == render_subject(digest)
    assert with_extra(PLAIN, PAYLOAD) == PAYLOAD


def folder_with(tmp_path: Path, **texts: str) -> Path:
    for name, text in SOUND.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "templates").mkdir()
    for part, text in texts.items():
        (tmp_path / "templates" / f"short.{part}.j2").write_text(text, "utf-8")
    hook = "{type: apprise, url_env: ADDRESS, templates: short}"
    (tmp_path / "channels.yaml").write_text(f"channels:\n  log: {hook}\nroutes:\n  - to: log\n", "utf-8")
    return tmp_path


def test_templates_are_read_with_the_channel(tmp_path: Path) -> None:
    config = load_config(folder_with(tmp_path, subject="{{ headline }}"), {"ADDRESS": "json://x.example"})
    (channel,) = config.channels
    assert channel.templates.subject == "{{ headline }}"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "texts, problem",
    [
        ({"text": "one\n{% if %}"}, "templates/short.text.j2:2:1: Expected an expression"),
        ({}, "channels.yaml:2:53: there is no templates/short.subject.j2"),
    ],
)
def test_a_template_that_is_none_is_told_with_its_place(tmp_path: Path, texts: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError) as told:
        load_config(folder_with(tmp_path, **texts), {"ADDRESS": "json://x.example"})
    assert problem in str(told.value)


def test_a_preview_shows_every_part_and_its_errors(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, subject="S {{ headline }}", extra="[]")
    config = load_config(folder, {"ADDRESS": "json://x.example"})
    built_in = dict(preview(folder / "templates", None, a_move(), config, NOW))
    assert list(built_in) == ["subject", "text", "html"]
    with pytest.raises(PermanentError, match=r"short\.extra\.j2: is no JSON object"):
        dict(preview(folder / "templates", "short", a_move(), config, NOW))
    with pytest.raises(PermanentError, match="holds no other"):
        dict(preview(folder / "templates", "other", a_move(), config, NOW))
