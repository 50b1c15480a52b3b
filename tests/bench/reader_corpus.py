"""Labels of our own on recorded feeds and pages -> items to train and to test on.

The labels (`labels/corpus.jsonl`) hold names, kinds and character offsets, never the text: that is cut anew from
../shared/corpus, and an item whose text no longer has the recorded SHA-256 is left out and counted.
"""

import gzip
import hashlib
import html
import json
import re
import sys
import tarfile
import warnings
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from multiprocessing import Pool
from pathlib import Path

import feedparser
import trafilatura

from tests.bench.reader_items import UNDATED, Item

LABELS = Path(__file__).parent / "labels" / "corpus.jsonl"
LONG = 1500  # characters from which an entry's text is an article
SHORT = 1200  # characters that are kept of a summary
LONGEST = 7500  # characters that are kept of an article
EVERY = 8  # of the polls of a long series: entries stand in many
_TAGS = re.compile(r"<(script|style).*?</\1>|<[^>]+>", re.DOTALL | re.IGNORECASE)
_BREAKS = re.compile(r"</(p|div|li|h\d|tr|blockquote)>|<br\s*/?>", re.IGNORECASE)


def load_corpus(corpus: Path, labels: Path = LABELS) -> list[Item]:
    """The labelled items of the corpus whose text is still the one that was read."""
    gold = {row["id"]: row for row in map(json.loads, labels.open(encoding="utf-8"))}
    wanted = {(id, row["sha256"]) for id, row in gold.items()}
    with Pool(2) as pool:
        found = {
            item.id: item
            for items in pool.imap_unordered(partial(_wanted, wanted=wanted), _documents(corpus), chunksize=4)
            for item in items
        }
    kept = [_labelled(item, gold[item.id]) for item in found.values()]
    if missing := len(gold) - len(kept):
        print(f"{missing} of {len(gold)} labelled items are not in {corpus} as they were read", file=sys.stderr)
    return sorted(kept, key=lambda i: i.id)


def sha(item: Item) -> str:
    return hashlib.sha256(item.full.encode()).hexdigest()[:16]


def _labelled(item: Item, row: dict) -> Item:
    claims = [c | {"evidence": item.full[slice(*c["evidence"])]} for c in row["claims"]]
    return Item(item.id, item.title, item.text, claims, item.form, item.published)


def _documents(corpus: Path) -> Iterator[tuple[str, str, bytes]]:
    """(kind, name, body) of every feed document and page."""
    for path in sorted((corpus / "feeds" / "real").iterdir()):
        body = path.read_bytes()
        yield "feed", path.name, gzip.decompress(body) if path.name.endswith(".gz") else body
    for folder in sorted((corpus / "series").iterdir()):
        with tarfile.open(folder / "all.tar.xz") as archive:
            members = archive.getmembers()
            for number, member in enumerate(members):
                file = archive.extractfile(member) if number % (EVERY if len(members) > 60 else 1) == 0 else None
                if file:
                    yield "feed", f"series-{folder.name}", file.read()
    for line in (corpus / "manifest.jsonl").open(encoding="utf-8"):
        page = json.loads(line)
        if page["kind"] == "page":
            yield "page", json.dumps(page), gzip.decompress((corpus / page["path"]).read_bytes())


def _wanted(document: tuple[str, str, bytes], wanted: set[tuple[str, str]]) -> list[Item]:
    warnings.simplefilter("ignore")
    kind, name, body = document
    items = _entries(name, body) if kind == "feed" else _page(json.loads(name), body)
    return [i for i in items if (i.id, sha(i)) in wanted]


def _entries(name: str, body: bytes) -> Iterator[Item]:
    for entry in feedparser.parse(BytesIO(body)).entries:
        title, summary = plain(entry.get("title")), plain(entry.get("summary"))
        full = max(summary, plain((entry.get("content") or [{}])[0].get("value")), key=len)
        day = entry.get("published_parsed") or entry.get("updated_parsed")
        number = hashlib.sha256((name + entry.get("link", "") + title).encode()).hexdigest()[:12]
        form = "article" if len(full) > LONG else "summary" if summary else "headline"
        text = clip(full) if form == "article" else summary[:SHORT]
        yield Item(f"feed-{number}", title, text, [], form, "{:04}-{:02}-{:02}".format(*day[:3]) if day else UNDATED)


def _page(page: dict, body: bytes) -> Iterator[Item]:
    read = trafilatura.bare_extraction(body, url=page["url"], with_metadata=True, include_comments=False)
    if read and read.text:
        number = f"page-{page['sha256'][:16]}"
        day = (page.get("published") or UNDATED)[:10]
        yield Item(number, (read.title or "").strip(), clip(read.text.strip()), [], "article", day)


def plain(markup: str | None) -> str:
    text = html.unescape(_TAGS.sub(" ", _BREAKS.sub("\n", markup or "")))
    return re.sub(r" ?\n\s*", "\n", re.sub(r"[ \t\xa0]+", " ", text)).strip()


def clip(text: str) -> str:
    """At most LONGEST characters, to the end of a line or sentence."""
    if len(text) <= LONGEST:
        return text
    line, stop = text.rfind("\n", 0, LONGEST), text.rfind(". ", 0, LONGEST)
    return text[: max(line, stop + 1, LONGEST // 2)]
