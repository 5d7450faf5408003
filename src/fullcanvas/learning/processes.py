"""The processes that train one network together, as torchrun or accelerate start them; mostly there is one.

torch's own wrapper, DistributedDataParallel, is made for one forward pass per step through one module. A step
here runs parts of the network several times, some without gradients. So each process computes the gradients
of its share of a step's images, and their mean is taken before the optimizer sees them: one line in the step.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed

from fullcanvas.learning.errors import RunError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Process:
    """One of the processes that train a network together.

    Attributes:
        device: where it computes.
        number: which one it is, from 0 on.
        count: how many there are.
    """

    device: torch.device
    number: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        """Whether it is the one that validates, writes files and speaks."""
        return self.number == 0

    def places(self, images: int) -> range:
        """Which of a step's images are its own.

        Raises:
            RunError: they cannot be shared out evenly.
        """
        if images % self.count:
            raise RunError(
                f"images_per_step = {images} cannot be shared out evenly among {self.count} processes: "
                "change it, or start another number of processes"
            )
        share = images // self.count
        return range(self.number * share, (self.number + 1) * share)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace each tensor by its mean over all processes; all must call this, with tensors alike."""
        if self.count == 1:
            return
        # One long message: hundreds of short ones take longer than a small network's backward pass.
        message = torch.cat([tensor.flatten() for tensor in tensors])
        distributed.all_reduce(message)
        means = torch.split(message.div_(self.count), [tensor.numel() for tensor in tensors])
        for tensor, mean in zip(tensors, means, strict=True):
            tensor.copy_(mean.view_as(tensor))

    def gather(self, word: T) -> list[T]:
        """What each process says, in the order of their numbers; all must call this."""
        words = [word] * self.count
        if self.count > 1:
            distributed.all_gather_object(words, word)
        return words


@contextmanager
def joined(device: str) -> Iterator[Process]:
    """This process, in touch with the others if a launcher started several.

    Args:
        device: as `device_named` knows it.

    Raises:
        RunError: there is no such device, or the launcher did not say which process this is.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))  # torchrun and accelerate tell by such variables
    if count == 1:
        yield Process(device_named(device))
        return
    if "LOCAL_RANK" not in os.environ:
        raise RunError("WORLD_SIZE is set, but LOCAL_RANK is not: start the processes with torchrun")
    own = device_named(device, int(os.environ["LOCAL_RANK"]))
    if own.type == "cuda":
        torch.cuda.set_device(own)
    distributed.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield Process(own, distributed.get_rank(), count)
    finally:
        distributed.destroy_process_group()


def device_named(name: str, place: int = 0) -> torch.device:
    """The device that `--device` names; `auto` is a GPU where there is one.

    Args:
        name: auto, cpu or cuda.
        place: which of this machine's GPUs; each process needs one of its own.

    Raises:
        RunError: there is no such device.
    """
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "cpu" or (name == "auto" and not found):
        return torch.device("cpu")
    if not found:
        raise RunError("torch sees no GPU here: use --device cpu")
    if place >= found:
        raise RunError(f"torch sees {found} GPUs here: start as many processes on this machine, not more")
    return torch.device("cuda", place)
