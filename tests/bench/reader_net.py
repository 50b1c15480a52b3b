"""The learned reader's network in torch: what is trained here, and exported to ONNX for `monitor.moves.learned`.

The lower half of a small uncased BERT reads a window once and tags whom it speaks of; the upper half reads the result
once per person, with that person's mentions marked, and says what it claims of him or her.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

TAGS = ("O", "B-person", "I-person", "B-org", "I-org", "B-role", "I-role")
SLOTS = ("news", "background")
KINDS = ("join", "leave", "move", "found", "role", "board")
STATUSES = ("confirmed", "reported", "considered", "denied")
FIELDS = ("from", "to", "role", "from_role", "evidence")
SHAPES, PARTS, NAMES, MARKS = 7, 4, 7, 2


@dataclass(frozen=True)
class Size:
    hidden: int = 384
    heads: int = 12
    inner: int = 1536
    layers: int = 6
    lower: int = 3
    vocabulary: int = 30522
    positions: int = 512
    dropout: float = 0.1


class Layer(nn.Module):
    """One post-norm transformer layer, laid out as in BERT (Devlin et al. 2019).

    Written out: torch's fused attention takes 2.7 times as long here (backward pass in bfloat16 on two cores).
    """

    def __init__(self, size: Size):
        super().__init__()
        self.heads, self.width = size.heads, size.hidden // size.heads
        self.qkv = nn.Linear(size.hidden, 3 * size.hidden)
        self.out = nn.Linear(size.hidden, size.hidden)
        self.norm1 = nn.LayerNorm(size.hidden, eps=1e-12)
        self.up = nn.Linear(size.hidden, size.inner)
        self.down = nn.Linear(size.inner, size.hidden)
        self.norm2 = nn.LayerNorm(size.hidden, eps=1e-12)
        self.drop = nn.Dropout(size.dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        batch, length, hidden = x.shape
        q, k, v = self.qkv(x).reshape(batch, length, 3, self.heads, self.width).permute(2, 0, 3, 1, 4)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(self.width) + bias.to(q.dtype), dim=-1)
        mixed = (weights.to(v.dtype) @ v).transpose(1, 2).reshape(batch, length, hidden)
        x = self.norm1(x + self.drop(self.out(mixed)))
        return self.norm2(x + self.drop(self.down(nn.functional.gelu(self.up(x)))))


def _bias(mask: Tensor) -> Tensor:
    return (1.0 - mask[:, None, None, :].float()) * -1e4


class Lower(nn.Module):
    """ids, shapes, parts, names, mask [batch, length] -> states [batch, length, hidden], tag logits [batch, length, 7]."""

    def __init__(self, size: Size):
        super().__init__()
        self.words = nn.Embedding(size.vocabulary, size.hidden)
        self.places = nn.Embedding(size.positions, size.hidden)
        self.shapes = nn.Embedding(SHAPES, size.hidden)
        self.parts = nn.Embedding(PARTS, size.hidden)
        self.names = nn.Embedding(NAMES, size.hidden)
        self.norm = nn.LayerNorm(size.hidden, eps=1e-12)
        self.drop = nn.Dropout(size.dropout)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.lower))
        self.tags = nn.Sequential(nn.Linear(size.hidden, 128), nn.GELU(), nn.Linear(128, len(TAGS)))
        for new in (self.shapes, self.parts, self.names):  # zero: training starts from the encoder as it was
            nn.init.zeros_(new.weight)

    def forward(self, ids: Tensor, shapes: Tensor, parts: Tensor, names: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        place = torch.arange(ids.shape[1], device=ids.device)
        x = self.words(ids) + self.places(place)[None] + self.shapes(shapes) + self.parts(parts) + self.names(names)
        x, bias = self.drop(self.norm(x)), _bias(mask)
        for layer in self.layers:
            x = layer(x, bias)
        return x, self.tags(x)


class Upper(nn.Module):
    """states, marks (1 on the person's pieces), mask -> says whether, kind, status, pointers.

    exists [n, 2], kind [n, 2, 6], status [n, 2, 4], pointers [n, 2, 5, 2, length]; n counts (window, person) pairs,
    the 2s are slots (news, background) and ends (first piece, last piece); piece 0 stands for "none".
    """

    def __init__(self, size: Size):
        super().__init__()
        self.mark = nn.Embedding(MARKS, size.hidden)
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
        bias, x = _bias(mask), states + self.mark(marks)
        for layer in self.layers:
            x = layer(x, bias)
        outside = (1.0 - mask.float()) * -1e4
        own = marks.float() / marks.float().sum(1, keepdim=True).clamp(min=1)
        person = (own[:, None] @ x).expand(-1, len(SLOTS), -1)
        focus = torch.softmax(self.focus(x).transpose(1, 2) + outside[:, None], dim=-1) @ x
        whole = x[:, :1].expand(-1, len(SLOTS), -1)
        claim = self.claim(torch.cat([person + self.slot, focus, whole + self.slot], dim=-1))
        ends = self.pointers(x).transpose(1, 2).reshape(x.shape[0], len(SLOTS), len(FIELDS), 2, x.shape[1])
        return self.exists(claim)[..., 0], self.kind(claim), self.status(claim), ends + outside[:, None, None, None]


class Net(nn.Module):
    def __init__(self, size: Size):
        super().__init__()
        self.size, self.lower, self.upper = size, Lower(size), Upper(size)


def load_encoder(net: Net, weights: Path) -> None:
    """Copy a BERT checkpoint of the same size (safetensors) into the network's two halves."""
    found = {k.removeprefix("bert."): v for k, v in load_file(weights).items()}
    low = net.lower
    with torch.no_grad():
        low.words.weight.copy_(found["embeddings.word_embeddings.weight"])
        low.places.weight.copy_(
            found["embeddings.position_embeddings.weight"] + found["embeddings.token_type_embeddings.weight"][0]
        )
        _copy(low.norm, found, "embeddings.LayerNorm")
        for number, layer in enumerate([*low.layers, *net.upper.layers]):
            _copy_layer(layer, found, f"encoder.layer.{number}")


def _copy_layer(layer: Layer, found: dict[str, Tensor], at: str) -> None:
    for end in ("weight", "bias"):
        parts = [found[f"{at}.attention.self.{n}.{end}"] for n in ("query", "key", "value")]
        getattr(layer.qkv, end).copy_(torch.cat(parts))
    _copy(layer.out, found, f"{at}.attention.output.dense")
    _copy(layer.norm1, found, f"{at}.attention.output.LayerNorm")
    _copy(layer.up, found, f"{at}.intermediate.dense")
    _copy(layer.down, found, f"{at}.output.dense")
    _copy(layer.norm2, found, f"{at}.output.LayerNorm")


def _copy(module: nn.Module, found: dict[str, Tensor], at: str) -> None:
    module.weight.copy_(found[f"{at}.weight"])
    module.bias.copy_(found[f"{at}.bias"])
