"""One pass of `monitor once` over 1,000 feeds on loopback: all changed, then all unchanged (304).  CPU and wall time.

usage: python tests/bench/thousand_feeds.py [--feeds 1000] [--items 20]

The server runs in a process of its own; the CPU time is that of `monitor once` and its workers.
"""

import argparse
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

START = datetime(2025, 6, 1, tzinfo=UTC)
SETTINGS = "pages: {read: false}\npoll: {interval: 15m, concurrency: 50}\nhttp: {host_gap: 0s, allow_networks: [127.0.0.0/8]}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=1000)
    parser.add_argument("--items", type=int, default=20)
    args = parser.parse_args()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = multiprocessing.Process(target=serve, args=(port, args.items), daemon=True)
    server.start()
    time.sleep(1)
    with tempfile.TemporaryDirectory() as folder:
        write_config(Path(folder) / "config", port, args.feeds)
        for number, what in enumerate(["all new", "all 304", "all changed by one item", "all 304 again"]):
            if "changed" in what:
                urlopen(port, "/change")
            cpu, wall = once(Path(folder), START + number * timedelta(hours=6))
            print(f"{args.feeds} feeds, {what}: CPU {cpu:.1f} s, wall {wall:.1f} s", flush=True)
    server.terminate()


def once(folder: Path, now: datetime) -> tuple[float, float]:
    started = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "monitor",
        "--config",
        folder / "config",
        "--state",
        folder / "state",
        "once",
        "--now",
    ]
    process = subprocess.Popen([*command, now.isoformat()], stderr=subprocess.DEVNULL, start_new_session=True)
    seconds: dict[int, float] = {}
    while process.poll() is None:  # workers are no children of ours: what they used is read while they live
        seconds |= cpu_by_process(process.pid)
        time.sleep(0.05)
    if process.returncode:
        sys.exit(f"monitor once ended with {process.returncode}")
    return sum(seconds.values()), time.monotonic() - started


def cpu_by_process(session: int) -> dict[int, float]:
    """Return the CPU seconds so far of every process of a session (proc(5), stat: fields 6, 14, 15)."""
    seconds = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            seconds[int(stat.parent.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def write_config(folder: Path, port: int, feeds: int) -> None:
    folder.mkdir()
    urls = "".join(f"  - http://127.0.0.1:{port}/{number}.xml\n" for number in range(feeds))
    files = {
        "settings": SETTINGS,
        "feeds": f"feeds:\n{urls}",
        "watchlist": "companies:\n  - name: Aster Labs\npeople: []\n",
        "channels": "channels:\n  log: {type: log}\nroutes:\n  - to: log\n",
    }
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)


def urlopen(port: int, path: str) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        connection.recv(100)


def serve(port: int, items: int) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        version = 0

        def log_message(self, *_) -> None:
            pass

        def do_GET(self) -> None:
            if self.path == "/change":
                Handler.version += 1
            tag = f'"{Handler.version}"'
            unchanged = self.headers.get("If-None-Match") == tag
            body = b"" if unchanged else render(self.path, Handler.version, items)
            self.send_response(304 if unchanged else 200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    ThreadingHTTPServer.request_queue_size = 1024
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def render(path: str, version: int, items: int) -> bytes:
    """Return a feed of about 1 kB an item, such as news outlets publish."""
    words = "The quick brown fox jumps over the lazy dog and files a quarterly report. " * 10
    entries = "".join(
        f"<item><title>Story {n} of {path}</title><link>http://news.example{path}/{n}</link><guid>{path}/{n}</guid>"
        f"<pubDate>Sun, 01 Jun 2025 0{n % 10}:00:00 GMT</pubDate><description>{words}</description></item>"
        for n in range(version, version + items)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{path}</title>{entries}</channel></rss>'.encode()


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
