"""The shipped ONNX files -> a network to go on training from, so that a new reader need not begin at the encoder."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from reader_net import Net
from torch import Tensor, nn

# MatMuls in the order of the graph, which is that of `forward`.
_LAYER = ("qkv", "out", "up", "down")
_HEADS = {"lower": ["tags.0", "tags.2"], "upper": ["focus", "pointers", "claim.0", "exists", "kind", "status"]}


def load_shipped(net: Net, folder: Path) -> None:
    """Copy the 8-bit weights of the shipped files into `net`; what they lack stays as it is."""
    words = np.load(folder / "words.npy") * np.load(folder / "scales.npy")
    net.words.weight.data.copy_(torch.from_numpy(words))
    for half, name in ((net.lower, "lower"), (net.upper, "upper")):
        products = [f"layers.{n}.{part}" for n in range(len(half.layers)) for part in _LAYER] + _HEADS[name]
        found = _weights(folder / f"{name}.onnx", products, half)
        left = set(dict(half.named_parameters())) - set(found)
        half.load_state_dict(found, strict=False)
        print(f"{name}: {len(found)} tensors from {folder}, {sorted(left)} new")


def _weights(path: Path, products: list[str], half: nn.Module) -> dict[str, Tensor]:
    graph = onnx.load(path).graph
    raw = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    whole = {n.removesuffix("_quantized") for n in raw if n.endswith("_quantized")}
    real = {n: (raw[f"{n}_quantized"].float() - raw[f"{n}_zero_point"].float()) * raw[f"{n}_scale"] for n in whole}
    real |= {n: t for n, t in raw.items() if t.dtype is torch.float32 and t.dim() and not n.endswith("_scale")}
    found = {n: t for n, t in real.items() if not n.startswith("onnx::")}
    order = [n for node in graph.node for n in node.input if n.endswith("_quantized") and n.startswith("onnx::")]
    for product, name in zip(products, dict.fromkeys(order), strict=True):
        found[f"{product}.weight"] = real[name.removesuffix("_quantized")].T
    shapes = {n: p.shape for n, p in half.named_parameters()}
    return {n: t for n, t in found.items() if n in shapes and t.shape == shapes[n]}
