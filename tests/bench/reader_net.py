"""The learned reader's network in torch: what is trained here, and exported to ONNX for `monitor.moves.learned`.

The lower half of an uncased encoder reads a window once and tags whom it speaks of; the upper half reads the result
once per person, with that person's mentions marked, and says what it claims of him or her.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from monitor.moves.learned_decode import PERSON

TAGS = ("O", "B-person", "I-person", "B-org", "I-org", "B-role", "I-role")
SLOTS = ("news", "background")
KINDS = ("join", "leave", "move", "found", "role", "board")
STATUSES = ("confirmed", "reported", "considered", "denied")
FIELDS = ("from", "to", "role", "from_role", "evidence")
SHAPES, PARTS, NAMES, MARKS = 7, 4, 7, 4
CLS, SEP = 101, 102  # in the vocabulary


REACH = 128  # distance in pieces from which on every distance counts the same


@dataclass(frozen=True)
class Size:
    """Of all-mpnet-base-v2 without its topmost layers."""

    hidden: int = 768
    heads: int = 12
    inner: int = 3072
    layers: int = 8
    lower: int = 5
    vocabulary: int = 30522
    positions: int = 512
    dropout: float = 0.1


class Layer(nn.Module):
    """One post-norm transformer layer, laid out as in BERT (Devlin et al. 2019), with its dropout but for that of the attention.

    Written out: torch's fused attention takes 2.7 times as long here (backward pass in bfloat16 on two cores).
    """

    def __init__(self, size: Size):
        super().__init__()
        self.heads, self.width = size.heads, size.hidden // size.heads
        self.qkv = nn.Linear(size.hidden, 3 * size.hidden)
        self.out = nn.Linear(size.hidden, size.hidden)
        self.norm1 = nn.LayerNorm(size.hidden, eps=1e-5)
        self.up = nn.Linear(size.hidden, size.inner)
        self.down = nn.Linear(size.inner, size.hidden)
        self.norm2 = nn.LayerNorm(size.hidden, eps=1e-5)
        self.drop = nn.Dropout(size.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, self.width).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.width) + bias.to(q.dtype), dim=-1)
        mixed = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(batch, length, hidden)
        x = self.norm1(x + self.drop(self.out(mixed)))
        return self.norm2(x + self.drop(self.down(nn.functional.gelu(self.up(x)))))


class Bias(nn.Module):
    """mask [batch, length] -> what is added to the attention of every head, by distance; the same in all layers.

    As in MPNet (Song et al. 2020), whose 32 buckets of distance are spread out to one row for each distance.
    """

    def __init__(self, size: Size):
        super().__init__()
        self.distances = nn.Embedding(2 * REACH + 1, size.heads)

    def forward(self, mask: Tensor) -> Tensor:
        place = torch.arange(mask.shape[1], device=mask.device)
        distance = (place[None, :] - place[:, None]).clamp(-REACH, REACH) + REACH
        near = self.distances(distance).permute(2, 0, 1)[None]
        return near + (1.0 - mask[:, None, None, :].float()) * -1e4


def bucket(distance: int, buckets: int = 16, exact: int = 8) -> int:
    """MPNet's bucket of a distance in pieces: exact up to 7, then logarithmic; those to the right in the upper half."""
    n = abs(distance)
    if n >= exact:
        n = min(exact + int(math.log(n / exact) / math.log(REACH / exact) * (buckets - exact)), buckets - 1)
    return n + (buckets if distance > 0 else 0)


class Lower(nn.Module):
    """words [batch, length, hidden]; shapes, parts, names, mask [batch, length] -> states like words, tag logits [batch, length, 7]."""

    def __init__(self, size: Size):
        super().__init__()
        self.places = nn.Embedding(size.positions, size.hidden)
        self.shapes = nn.Embedding(SHAPES, size.hidden)
        self.parts = nn.Embedding(PARTS, size.hidden)
        self.names = nn.Embedding(NAMES, size.hidden)
        self.norm = nn.LayerNorm(size.hidden, eps=1e-5)
        self.drop = nn.Dropout(size.dropout)
        self.bias = Bias(size)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.lower))
        self.tags = nn.Sequential(nn.Linear(size.hidden, 128), nn.GELU(), nn.Linear(128, len(TAGS)))
        for new in (self.shapes, self.parts, self.names):  # zero: training starts from the encoder as it was
            nn.init.zeros_(new.weight)

    def forward(
        self, words: Tensor, shapes: Tensor, parts: Tensor, names: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        place = torch.arange(words.shape[1], device=words.device)
        x = words + self.places(place)[None] + self.shapes(shapes) + self.parts(parts) + self.names(names)
        x, bias = self.drop(self.norm(x)), self.bias(mask)
        for layer in self.layers:
            x = layer(x, bias)
        return x, self.tags(x)


class Upper(nn.Module):
    """states, marks, mask -> says whether, kind, status, pointers.

    Marks: 1 on the person's pieces; where claims of the person are known already, 3 on their names and roles and 2 on the rest
    of their evidence: the question then is what else is claimed.

    exists [n, 2], kind [n, 2, 6], status [n, 2, 4], pointers [n, 2, 5, 2, length]; n counts (window, person) pairs,
    the 2s are slots (news, background) and ends (first piece, last piece); piece 0 stands for "none".
    """

    def __init__(self, size: Size):
        super().__init__()
        self.mark = nn.Embedding(MARKS, size.hidden)
        self.bias = Bias(size)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers - size.lower))
        slots = len(SLOTS)
        self.claim = nn.Sequential(nn.Linear(3 * size.hidden, size.hidden), nn.GELU(), nn.Dropout(size.dropout))
        self.focus = nn.Linear(size.hidden, slots)
        self.exists = nn.Linear(size.hidden, 1)
        self.kind = nn.Linear(size.hidden, len(KINDS))
        self.status = nn.Linear(size.hidden, len(STATUSES))
        self.slot = nn.Parameter(torch.randn(slots, size.hidden) * 0.02)
        self.pointers = nn.Linear(size.hidden, slots * len(FIELDS) * 2)
        nn.init.normal_(self.mark.weight, std=0.1)

    def forward(self, states: Tensor, marks: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        bias, x = self.bias(mask), states + self.mark(marks)
        for layer in self.layers:
            x = layer(x, bias)
        outside = (1.0 - mask.float()) * -1e4
        own = (marks == PERSON).float()
        own = own / own.sum(1, keepdim=True).clamp(min=1)
        person = (own[:, None] @ x).expand(-1, len(SLOTS), -1)
        focus = torch.softmax(self.focus(x).transpose(1, 2) + outside[:, None], dim=-1) @ x
        whole = x[:, :1].expand(-1, len(SLOTS), -1)
        claim = self.claim(torch.cat([person + self.slot, focus, whole + self.slot], dim=-1))
        ends = self.pointers(x).transpose(1, 2).reshape(x.shape[0], len(SLOTS), len(FIELDS), 2, x.shape[1])
        return self.exists(claim)[..., 0], self.kind(claim), self.status(claim), ends + outside[:, None, None, None]


class Net(nn.Module):
    """`words` (ids -> vectors) is no part of either half: it ships beside them, and is looked up without a graph."""

    def __init__(self, size: Size):
        super().__init__()
        self.size, self.lower, self.upper = size, Lower(size), Upper(size)
        self.words = nn.Embedding(size.vocabulary, size.hidden)


def load_encoder(net: Net, weights: Path) -> None:
    """Copy the lowest layers of an MPNet checkpoint of this width (safetensors) into the network's two halves.

    MPNet's vocabulary is BERT's behind four marks of its own, of which [CLS] and [SEP] take the places.
    """
    found, low = load_file(weights), net.lower
    words = found["embeddings.word_embeddings.weight"]
    with torch.no_grad():
        net.words.weight.copy_(words[4 : 4 + net.size.vocabulary])
        for own, theirs in ((CLS, 0), (SEP, 2)):
            net.words.weight[own] = words[theirs]
        low.places.weight.copy_(found["embeddings.position_embeddings.weight"][2:])
        _copy(low.norm, found, "embeddings.LayerNorm")
        near = found["encoder.relative_attention_bias.weight"]
        for half in (net.lower, net.upper):
            half.bias.distances.weight.copy_(near[[bucket(d) for d in range(-REACH, REACH + 1)]])
        for number, layer in enumerate([*low.layers, *net.upper.layers]):
            _copy_layer(layer, found, f"encoder.layer.{number}")


def _copy_layer(layer: Layer, found: dict[str, Tensor], at: str) -> None:
    for end in ("weight", "bias"):
        parts = [found[f"{at}.attention.attn.{n}.{end}"] for n in "qkv"]
        getattr(layer.qkv, end).copy_(torch.cat(parts))
    _copy(layer.out, found, f"{at}.attention.attn.o")
    _copy(layer.norm1, found, f"{at}.attention.LayerNorm")
    _copy(layer.up, found, f"{at}.intermediate.dense")
    _copy(layer.down, found, f"{at}.output.dense")
    _copy(layer.norm2, found, f"{at}.output.LayerNorm")


def _copy(module: nn.Module, found: dict[str, Tensor], at: str) -> None:
    module.weight.copy_(found[f"{at}.weight"])
    module.bias.copy_(found[f"{at}.bias"])
