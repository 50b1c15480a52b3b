"""Secrets planted wherever the configuration takes one: none is logged, stored, shown, or told to anybody else.

Receivers quote all that they are sent, a channel and a poll crash and quote all that they know.
"""

import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.notify.servers import smtp_server
from tests.ops import process
from tests.ops.process import ROOT, Process, free_port
from tests.ops.process import until as until_within

until = partial(until_within, seconds=240)  # a busy machine takes its time for all that goes on here
QUOTING = [sys.executable, str(Path(__file__).with_name("quoting_monitor.py"))]
USER = "planted-user"
STORY = "<item><title>{0}</title><link>{1}</link><guid>{1}</guid><pubDate>{2}</pubDate><description>{0}.</description></item>"


def whsec(text: str) -> str:
    return "whsec_" + base64.b64encode(text.encode()).decode()


@dataclass
class Vault:
    """Secrets by the channel or feed that may know them."""

    planted: dict[str, list[str]] = field(default_factory=dict)

    def plant(self, owner: str, what: str = "") -> str:
        secret = f"plant3d-{len(self.planted)}{owner}{what}"
        self.planted.setdefault(owner, []).append(secret)
        return secret

    def key(self, owner: str, what: str) -> str:
        key = whsec(self.plant(owner, what).ljust(30, "."))
        self.planted[owner].append(key.removeprefix("whsec_"))
        return key

    def address(self, owner: str, place: str, scheme: str = "http") -> str:
        """An address with a user, a password, a path and a query; all but the user are secret."""
        password, path, token = (self.plant(owner, what) for what in ("password", "path", "token"))
        self.planted[owner].append(base64.b64encode(f"{USER}:{password}".encode()).decode())
        return f"{scheme}://{USER}:{password}@{place}/{owner}/{path}?token={token}"

    def found(self, text: bytes, known_to: str = "") -> list[str]:
        others = [secret for owner, secrets in self.planted.items() if owner != known_to for secret in secrets]
        return [each for each in others for form in {each, quote(each, safe="")} if form.encode() in text]


@dataclass
class World:
    """Every feed and every receiver, at one address; the first part of the path says which."""

    vault: Vault
    stories: list[str] = field(default_factory=list)
    gets: list[tuple[str, str]] = field(default_factory=list)  # path, Authorization
    posts: list[tuple[str, bytes]] = field(default_factory=list)  # owner, headers and body
    place: str = ""

    def get(self, path: str, authorization: str) -> tuple[int, dict[str, str], str]:
        self.gets.append((path, authorization))
        owner = path.split("/")[1].partition("?")[0]
        if owner == "page":
            return 404, {}, "read the feed"
        if owner == "moved":
            return 301, {"Location": f"http://{self.place}/public?token={self.vault.plant('moved', 'target')}"}, path
        if owner == "broken":
            return 500, {"Retry-After": path}, f"cannot serve {path} {authorization}"
        if owner == "private" and not all(
            secret in path + authorization for secret in self.vault.planted["private"][1:]
        ):
            return 403, {}, "who are you?"
        items = "".join(self.stories)
        return 200, {"Content-Type": "application/rss+xml"}, f"<rss version='2.0'><channel>{items}</channel></rss>"

    def post(self, path: str, said: bytes) -> tuple[int, dict[str, str], str]:
        owner = path.split("/")[1]
        self.posts.append((owner, f"POST {path}\n".encode() + said))
        status = 410 if owner.startswith("gone") else 500 if owner.startswith("bad") or owner == "v1" else 200
        return status, {"X-Echo": path}, said.decode("utf-8", "replace")

    def publish(self, title: str) -> None:
        link = f"http://{self.place}/page/{len(self.stories)}"
        self.stories.append(STORY.format(title, link, format_datetime(datetime.now(UTC))))


@pytest.fixture
def world() -> Iterator[World]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(*world.get(self.path, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*world.post(self.path, bytes(self.headers) + body))

        def answer(self, status: int, headers: dict[str, str], text: str) -> None:
            body = text.encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    world = World(Vault())
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    world.place = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield world
    server.shutdown()
    server.server_close()


@pytest.fixture
def certificate(tmp_path) -> tuple[ssl.SSLContext, Path]:
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the test's certificate, and is not installed")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    options = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*command.split(), *options], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, cert


HOOKS = ("hook", "bad", "gone", "nowhere", "crash")
CHATS = ("slack", "discord", "bad-slack", "bad-discord")
OWN = ("own", "bad-own")
MAILS = ("mail", "bad-mail", "wrong-mail")


def configure(desk, world: World, ports: dict[str, int]) -> None:
    """Write a configuration with a secret in every place that takes one."""
    vault, environ, channels = world.vault, desk.environ, ["  log: {type: log}"]
    for name in HOOKS:
        place = f"127.0.0.1:{free_port()}" if name == "nowhere" else world.place
        (desk.config / f"{name}.url").write_text(vault.address(name, place))
        (desk.config / f"{name}.key").write_text(vault.key(name, "new"))
        environ[f"{name}_OLD"] = vault.key(name, "old")
        keys = f"url_file: {name}.url, secret_file: {name}.key, old_secret_env: {name}_OLD"
        channels.append(f"  {name}: {{type: webhook, {keys}}}")
    for name in (*CHATS, *OWN):
        kind = "apprise" if name in OWN else name.removeprefix("bad-")
        environ[name.upper()] = vault.address(name, world.place, "json" if name in OWN else "http")
        channels.append(f"  {name}: {{type: {kind}, url_env: {name.upper()}}}")
    for name, port in ports.items():
        environ[name.upper()] = vault.planted[name][0]
        keys = f"host: 127.0.0.1, port: {port}, username: {USER}, password_env: {name.upper()}"
        channels.append(f"  {name}: {{type: email, {keys}, from: m@monitor.example, to: anna@reader.example}}")
    names = ", ".join(["log", *HOOKS, *CHATS, *OWN, *ports])
    routing = f"fallback: [hook, slack]\nroutes:\n  - {{to: [{names}]}}\n"
    desk.write("channels", "channels:\n" + "\n".join(channels) + "\n" + routing)
    for name in ("private", "broken", "moved"):
        environ[f"{name}_FEED"] = vault.address(name, world.place)
    feeds = "".join(f"  - url_env: {name}_FEED\n" for name in ("private", "broken", "moved"))
    desk.write("feeds", f"feeds:\n  - http://{world.place}/public\n{feeds}")
    environ["API_KEY"] = vault.plant("v1")


def run(desk, *commands: str) -> bytes:
    """Run commands; return all that they say."""
    folders = ["--config", str(desk.config), "--state", str(desk.state)]
    words = [word for command in commands for word in ["--", *folders, *command.split()]]
    environ = os.environ | desk.environ
    done = subprocess.run([*QUOTING, *words], env=environ, cwd=ROOT, capture_output=True, check=False, timeout=300)
    assert [command for command in commands if f"{command}: done".encode() not in done.stderr] == []
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.stdout + done.stderr


COMMANDS = (
    *("check", "status", "status --json", "doctor", "doctor --send", "routes test", "routes test --json", "endpoints"),
    *("templates preview", "deliveries", "deliveries --json", "moves --json", "feeds", "feeds --json", "feeds export"),
    *("replay --endpoint gone", "discard gone --by anna --because x", "endpoints trust bad", "gc"),
)


def work(desk, world: World, daemon: Process) -> dict[str, bytes]:
    """Let the daemon poll, ask, tell, fail, crash and reload; return what it shows meanwhile, and every command."""
    until(lambda: {each["feed"] for each in daemon.events("feed.polled") if not each["error"]} >= set(polled(world)))
    world.publish("Ana Cruz leaves Aster Labs")  # nothing is as sure as is asked for, so the second reader is asked
    until(lambda: "v1" in {owner for owner, _ in world.posts})
    desk.write("settings", process.SETTINGS.format(listen="").replace("0.995", "0.3"))
    until(lambda: daemon.events("config.reloaded"))
    world.publish("Mira Solano leaves Aster Labs")
    channels = {*HOOKS, *CHATS, *OWN, *(f"{name}:anna@reader.example" for name in MAILS)} - {"crash"}
    until(lambda: channels <= {each["channel"] for each in daemon.events("delivery.tried")})
    until(lambda: daemon.events("line.crashed"))
    until(lambda: any(b"endpoint.failed" in said for _, said in world.posts))
    shown = {path: daemon.get(path)[1].encode() for path in ("/metrics", "/readyz", "/healthz")}
    assert b"line crash" in shown["/readyz"]
    for text, event, times in (
        (world.vault.plant("no-address"), "config.refused", 1),
        (world.vault.address("hook", world.place), "config.reloaded", 2),
    ):
        (desk.config / "hook.url").write_text(text)
        daemon.process.send_signal(signal.SIGHUP)
        until(lambda event=event, times=times: len(daemon.events(event)) >= times)
    shown["commands"] = run(desk, *COMMANDS, f"explain http://{world.place}/public", f"backup {desk.state / 'copy.db'}")
    told = next(json.loads(said[said.index(b"{") :]) for owner, said in world.posts if owner == "bad")
    shown["correct"] = run(desk, f"correct {told['data']['alert_id']} not-a-move --by anna --because x")
    return shown


def polled(world: World) -> list[str]:
    return [f"http://{world.place}/public", *(f"http://{world.place}/#{name}_FEED" for name in ("private", "moved"))]


@pytest.mark.slow
def test_no_secret_is_logged_stored_shown_or_told_to_anybody_else(desk, world, certificate, monkeypatch):
    vault, (context, cert) = world.vault, certificate
    passwords = {name: vault.plant(name) for name in MAILS}
    desk.environ |= {"SSL_CERT_FILE": str(cert), "PYTHONPATH": str(ROOT)}
    monkeypatch.setattr(process, "MONITOR", QUOTING)
    tls = {"tls_context": context, "require_starttls": True, "auth_require_tls": True}
    with (
        smtp_server(password=passwords["mail"], **tls) as mail,
        smtp_server(password=passwords["bad-mail"], **tls) as bad,
        smtp_server(password="another", **tls) as wrong,
    ):
        bad.says["DATA"] = f"554 5.7.1 refused {passwords['bad-mail']}"
        configure(desk, world, {"mail": mail.port, "bad-mail": bad.port, "wrong-mail": wrong.port})
        monkeypatch.setattr(process, "SETTINGS", process.SETTINGS.replace("0.3", "0.995") + second_reader(world.place))
        with Process(desk) as daemon:
            shown = work(desk, world, daemon)
            daemon.stop()
        shown["log"] = daemon.log_path.read_bytes()
        shown |= {str(path): path.read_bytes() for path in desk.state.rglob("*") if path.is_file()}
        mails = [bytes(each.content) for each in mail.taken]
    told = {owner for owner, _ in world.posts}
    assert told >= {"hook", "bad", "gone", "v1", *CHATS, *OWN}
    assert mails
    assert (desk.state / "copy.db").exists()
    assert b"cannot POST to ***" in shown["log"]
    assert b"cannot GET" in shown["log"]
    assert b"retrying ***" in shown["log"]
    assert vault.found(dict(world.posts)["hook"]), "who looks finds: a receiver is sent its own secrets"
    leaks = {name: found for name, blob in shown.items() if (found := vault.found(blob))}
    leaks |= {f"told to {owner}": found for owner, said in world.posts if (found := vault.found(said, known_to=owner))}
    assert leaks == {}
    assert vault.found(b"".join(mails)) == []


def second_reader(place: str) -> str:
    return f"second_reader: {{{{url: 'http://{place}/v1', model: small, api_key_env: API_KEY, min_confidence: 0}}}}\n"
