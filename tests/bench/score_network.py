"""Print what the network reaches alone on items that no training saw: the best F1 of the news found over all thresholds.

usage: tests/bench/score_network.py [FOLDER]     (needs ../shared and the packages of train_reader.py; a minute)
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from reader_export import Judged, calibrate, judge  # noqa: E402

from monitor.moves.learned import MODEL, LearnedReader  # noqa: E402
from tests.bench.reader_corpus import LABELS, load_corpus  # noqa: E402
from tests.bench.reader_items import Item, is_held_out, load_items  # noqa: E402

SHARED = ROOT.parent / "shared"


def load_unseen() -> dict[str, list[Item]]:
    corpus = SHARED / "corpus"
    return {
        "train, held out": [i for i in load_items(SHARED / "eval", "train") if is_held_out(i)],
        "corpus, held out": [i for i in load_corpus(corpus) if is_held_out(i)],
        "techcrunch": load_corpus(corpus, LABELS.with_name("techcrunch.jsonl")),
    }


def best(judged: list[Judged], gold: int) -> tuple[float, float, float]:
    """F1, precision and recall where F1 is best."""
    right, found = 0, (0.0, 0.0, 0.0)
    for told, one in enumerate(sorted(judged, key=lambda j: -j.draft.confidence), 1):
        right += one.right
        found = max(found, (2 * right / (told + gold), right / told, right / gold))
    return found


def main() -> None:
    reader = LearnedReader(Path(sys.argv[1]) if len(sys.argv) > 1 else MODEL)
    unseen = load_unseen()
    judged = {
        name: [j for j in judge(reader, items, SHARED / "eval") if not j.draft.background]
        for name, items in unseen.items()
    }
    reader._card["confidence"]["news"] = calibrate([j for name in judged if "held out" in name for j in judged[name]])
    for name, found in judged.items():
        for one in found:
            one.draft.confidence = reader.confidence(one.draft)
        gold = sum(not claim["background"] for item in unseen[name] for claim in item.claims)
        print(f"{name}: F1 {{:.3f}}, precision {{:.3f}}, recall {{:.3f}} of {gold} claims".format(*best(found, gold)))


if __name__ == "__main__":
    main()
