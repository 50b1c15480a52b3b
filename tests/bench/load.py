"""A round over 10,000 feeds, some of them slow or hostile; then CPU for each unchanged feed, beside other readers'.

usage: python -m tests.bench.load [--feeds 10000] [--others 1000] [--part round|readers]

The server runs in a process of its own and answers after 100 ms; of 100 feeds 5 have news, 2 take 3 s and 1 is hostile.
Sites are names that lead to as many addresses of 127.0.0.0/8, so that our manners hold as they do outside.  Readers are
measured by the resources of all their processes; those that are not on PATH are named as missing, lemon24/reader is
installed into a folder that is thrown away.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import json
import multiprocessing
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import ClassVar

from tests.bench.thousand_feeds import cpu_by_process, render, write_config
from tests.collect.web import response

LATENCY = 0.1  # seconds
SLOW = 3.0
START = datetime(2025, 6, 1, 12, tzinfo=UTC)
HOSTILE = ("drip", "bomb", "headers", "encoding", "500", "endless", "cut", "page")
BOMB = gzip.compress(bytes(200_000_000))
SETTINGS = """pages: {{read: false}}
poll: {{interval: 15m, concurrency: {concurrency}}}
http: {{host_gap: {gap}s, allow_networks: [127.0.0.0/8]}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=10_000)
    parser.add_argument("--per-site", type=int, default=20)
    parser.add_argument("--gap", type=int, default=1, help="seconds between two requests to one site")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--others", type=int, default=1000, help="feeds of each reader that is compared")
    parser.add_argument("--part", choices=("round", "readers"))
    args = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = multiprocessing.Process(target=serve, args=(port,), daemon=True)
    server.start()
    time.sleep(2)
    print(f"{os.cpu_count()} cores, load average at the start {os.getloadavg()[0]:.1f}", flush=True)
    try:
        for part, measure in (("round", measure_round), ("readers", compare)):
            if args.part in (None, part):
                with tempfile.TemporaryDirectory(prefix="load-") as folder:
                    measure(args, port, Path(folder))
    finally:
        server.terminate()
    print(f"load average at the end {os.getloadavg()[0]:.1f}", flush=True)


# --- a full round ---------------------------------------------------------------------------------------------------


def measure_round(args: argparse.Namespace, port: int, folder: Path) -> None:
    urls = [f"http://site{n // args.per_site}.example:{port}/mixed/{n}.xml" for n in range(args.feeds)]
    configure(folder, urls, args)
    rows = []
    for number, what in enumerate(["all new", "5 % changed", "5 % changed again"]):
        ask(port, "/change")
        usage = run(monitor(folder, START + number * timedelta(days=1)))
        seen = ask(port, "/seen")
        rows.append([what, *usage.figures(), seen["most"], f"{seen['shortest']:.2f} s", seen["requests"]])
    titles = [
        "round",
        "CPU s",
        "wall s",
        "peak MB",
        "requests at once to a site",
        "gap that 99 of 100 keep",
        "requests",
    ]
    show([f"{args.feeds} feeds on {args.feeds // args.per_site} sites", *titles[1:]], rows)
    print(f"by manners alone {args.gap * (args.per_site - 1):.0f} s; the longest answer ends after 30 s")
    with contextlib.closing(sqlite3.connect(folder / "state/monitor.db")) as db:
        print(dict(db.execute("SELECT coalesce(error, 'well'), count(*) FROM feeds GROUP BY 1 ORDER BY 2 DESC")))


def configure(folder: Path, urls: Sequence[str], args: argparse.Namespace) -> None:
    write_config(made(folder) / "config", 0, 0)
    settings = SETTINGS.format(concurrency=args.concurrency, gap=args.gap)
    (folder / "config/settings.yaml").write_text(settings)
    (folder / "config/feeds.yaml").write_text("feeds:\n" + "".join(f"  - {url}\n" for url in urls))


def monitor(folder: Path, now: datetime) -> list[str]:
    places = ["--config", f"{folder}/config", "--state", f"{folder}/state"]
    return [
        sys.executable,
        "-c",
        "from tests.bench.load import once; once()",
        *places,
        "once",
        "--now",
        now.isoformat(),
    ]


def once() -> None:
    """Run the command `monitor`, with names below .example leading to addresses of this machine's own network."""
    ask_resolver = socket.getaddrinfo

    def resolve(host, *rest, **options):
        site = re.fullmatch(r"site(\d+)\.example", host)
        return ask_resolver(address_of(int(site[1])) if site else host, *rest, **options)

    socket.getaddrinfo = resolve
    from monitor.cli import main

    main()


def address_of(site: int) -> str:
    return f"127.{1 + site // 62_500}.{site // 250 % 250}.{1 + site % 250}"


# --- beside other readers -------------------------------------------------------------------------------------------


def compare(args: argparse.Namespace, port: int, folder: Path) -> None:
    rows = []
    for name, (tool, read) in READERS.items():
        if tool and not shutil.which(tool):
            rows.append([name, "missing"])
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        few, many = (
            read(folder / f"{name.split()[0]}-{count}", [url_of(port, n) for n in range(count)], args)
            for count in (50, args.others)
        )
        each = (many.cpu - few.cpu) / (args.others - 50) * 1000
        rows.append([name, f"{each:.2f}", f"{many.cpu:.1f}", f"{few.cpu - each * 0.05:.1f}", *many.figures()[1:]])
    ours = next(float(row[1]) for row in rows if row[0] == "monitor")
    for row in rows:
        row[2:2] = [f"{float(row[1]) / ours:.1f}"] if len(row) > 2 else []
    show(
        [f"{args.others} feeds, all 304", "CPU ms a feed", "ratio", "CPU s", "of it start, s", "wall s", "peak MB"],
        rows,
    )


def url_of(port: int, number: int) -> str:
    return f"http://{address_of(number)}:{port}/still/{number}.xml"


def read_ours(folder: Path, urls: Sequence[str], args: argparse.Namespace) -> Usage:
    configure(folder, [re.sub(r"//[\d.]+", f"//site{n}.example", url) for n, url in enumerate(urls)], args)
    run(monitor(folder, START))
    return run(monitor(folder, START + timedelta(days=1)))


def read_reader(folder: Path, urls: Sequence[str], args: argparse.Namespace) -> Usage:
    script = "import sys; from reader import make_reader; r = make_reader(sys.argv[1])\n"
    add = (
        f"{script}[r.add_feed(line.strip()) for line in open(sys.argv[2])]; r.update_feeds(workers=20, scheduled=False)"
    )
    python = install(folder.parent / "venv", "reader", "sgmllib3k")  # which 3.26 imports without asking for it
    (folder := made(folder)).joinpath("urls").write_text("\n".join(urls))
    run([python, "-c", add, f"{folder}/db", f"{folder}/urls"])
    return run([python, "-c", f"{script}r.update_feeds(workers=20, scheduled=False)", f"{folder}/db"])


def read_rss2email(folder: Path, urls: Sequence[str], args: argparse.Namespace) -> Usage:
    tool = ["r2e", "-c", f"{made(folder)}/cfg", "-d", f"{folder}/db"]
    outlines = "".join(f'<outline type="rss" text="feed{n}" xmlUrl="{url}"/>' for n, url in enumerate(urls))
    (folder / "all.opml").write_text(f'<opml version="1.0"><head/><body>{outlines}</body></opml>')
    for order in (["new", "reader@example.org"], ["opmlimport", f"{folder}/all.opml"], ["run", "--no-send"]):
        run([*tool, *order])
    return run([*tool, "run", "--no-send"])


def read_newsboat(folder: Path, urls: Sequence[str], args: argparse.Namespace) -> Usage:
    (made(folder) / "urls").write_text("\n".join(urls))
    (folder / "config").write_text("reload-threads 20\n")
    files = [f"--{what}-file={folder}/{what.split('-')[0]}" for what in ("url", "cache", "config")]
    files[0] += "s"
    run(["newsboat", "-q", *files, "-x", "reload"])
    return run(["newsboat", "-q", *files, "-x", "reload"])


def read_sfeed(folder: Path, urls: Sequence[str], args: argparse.Namespace) -> Usage:
    """With conditional requests as its README describes them: by itself sfeed takes every feed whole."""
    feeds = "\n".join(f"feed 'feed{n}' '{url}'" for n, url in enumerate(urls))
    etag = f'"{made(folder)}/etags/$1"'
    fetch = f'fetch() {{ curl -L --max-redirs 0 -f -s -m 15 --etag-save {etag} --etag-compare {etag} "$2"; }}'
    (folder / "etags").mkdir()
    (folder / "rc").write_text(f"sfeedpath={folder}/feeds\nmaxjobs=20\n{fetch}\nfeeds() {{\n{feeds}\n}}\n")
    run(["sfeed_update", f"{folder}/rc"])
    return run(["sfeed_update", f"{folder}/rc"])


READERS: dict[str, tuple[str | None, Callable[..., Usage]]] = {
    "monitor": (None, read_ours),
    "reader": (None, read_reader),
    "rss2email": ("r2e", read_rss2email),
    "newsboat": ("newsboat", read_newsboat),
    "sfeed with ETags": ("sfeed_update", read_sfeed),
}


def made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


@cache
def install(folder: Path, *packages: str) -> str:
    venv.create(folder, with_pip=False)
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", folder / "bin/python", "install", "-q", *packages],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return str(folder / "bin/python")


# --- the yardstick --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Usage:
    """What a command and all processes below it took."""

    cpu: float
    wall: float
    peak: int  # bytes resident at once; what processes share counts in each

    def figures(self) -> list[str]:
        return [f"{self.cpu:.1f}", f"{self.wall:.0f}", f"{self.peak / 1e6:.0f}"]


def run(command: Sequence[str]) -> Usage:
    """Run a command; those it waits for are in its own account (wait4), workers that outlive it are looked at meanwhile."""
    started, peak = time.monotonic(), 0
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=errors, stdin=subprocess.DEVNULL, start_new_session=True
        )
        workers: dict[int, float] = {}
        while True:
            done, status, resources = os.wait4(process.pid, os.WNOHANG)
            if done:
                break
            if command[0] == sys.executable:  # ours alone has processes that it does not wait for
                workers |= cpu_by_process(process.pid)
            peak = max(peak, memory_of(process.pid))
            time.sleep(0.05)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            sys.exit(f"{command[0]} ended with {process.returncode}: {errors.read().decode()[-2000:]}")
    workers.pop(process.pid, None)
    cpu = resources.ru_utime + resources.ru_stime + sum(workers.values())
    return Usage(cpu, time.monotonic() - started, peak)


def memory_of(session: int) -> int:
    pages = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) == session:
                pages += int((folder / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def show(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    for row in [titles, ["---"] * len(titles), *rows]:
        print("| " + " | ".join(map(str, row)) + " |", flush=True)


# --- the server -----------------------------------------------------------------------------------------------------


@dataclass
class Site:
    """What one site saw of us."""

    open: int = 0
    most: int = 0
    starts: list[float] = field(default_factory=list)


class Seen:
    version = 0
    requests = 0
    sites: ClassVar = defaultdict(Site)


def serve(port: int) -> None:
    async def listen() -> None:
        server = await asyncio.start_server(answer_all, "0.0.0.0", port, backlog=4096)
        await server.serve_forever()

    asyncio.run(listen())


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split()[1]
            host, tag = (re.search(rf"^{name}: *(.*?)\r$", head, re.M | re.I) for name in ("Host", "If-None-Match"))
            if path in ("/change", "/seen"):
                writer.write(response(json.dumps(control(path)).encode()))
                continue
            site = Seen.sites[host[1] if host else ""]
            Seen.requests += 1
            site.open += 1
            site.most = max(site.most, site.open)
            site.starts.append(time.monotonic())
            try:
                await answer(path, tag[1] if tag else "", writer)
                await writer.drain()
            finally:
                site.open -= 1
    with contextlib.suppress(ConnectionError):
        writer.close()


def control(path: str) -> object:
    if path == "/change":
        Seen.version += 1
        return Seen.version
    gaps = [b - a for site in Seen.sites.values() for a, b in zip(site.starts, site.starts[1:], strict=False)]
    most = max((site.most for site in Seen.sites.values()), default=0)
    gaps.sort()
    seen = {"requests": Seen.requests, "most": most, "shortest": gaps[len(gaps) // 100] if gaps else 0.0}
    Seen.requests, Seen.sites = 0, defaultdict(Site)
    return seen


async def answer(path: str, known: str, writer: asyncio.StreamWriter) -> None:
    kind, number = path.strip("/").removesuffix(".xml").split("/")
    turn = int(number) % 100 if kind == "mixed" else 50
    await asyncio.sleep(SLOW if turn in (5, 6) else LATENCY)
    if turn == 7:
        return await misbehave(HOSTILE[int(number) // 100 % len(HOSTILE)], writer)
    version = Seen.version if turn < 5 else 0
    tag = f'"{version}"'
    if known == tag:
        writer.write(b"HTTP/1.1 304 Not Modified\r\nETag: " + tag.encode() + b"\r\n\r\n")
    else:
        writer.write(response(render(path, version, 1), ETag=tag))
    return None


async def misbehave(kind: str, writer: asyncio.StreamWriter) -> None:
    page = b"<!doctype html><html><body>Just a moment" + b"<p>" * 1000
    match kind:
        case "bomb":
            writer.write(response(BOMB, Content_Encoding="gzip"))
        case "encoding":
            writer.write(response(page, Content_Encoding="gzip"))
        case "500":
            writer.write(response(b"", "500 Oops"))
        case "cut":
            writer.write(response(page)[:-500])
        case "page":
            return writer.write(response(page))
        case _:
            head, more, pause = {
                "drip": (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"x", 0.5),
                "headers": (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000, 0.0),
                "endless": (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65_536, 0.0),
            }[kind]
            writer.write(head)
            while True:
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(pause)
    await writer.drain()
    raise ConnectionAbortedError
    return None


def ask(port: int, path: str) -> dict:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answered:
        return json.load(answered)


if __name__ == "__main__":
    main()
