"""Where tensors live: the one place that knows about devices and number formats."""

import torch

from mlcore.errors import UserError


def select(name: str, number: int | None = None) -> torch.device:
    """The device for `auto`, `cpu` or `cuda`; asking for a GPU that is not there is a UserError.

    number: which of several GPUs, made this process's current one.
    """
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise UserError("device: no CUDA device was found; use auto or cpu")
    if number is None:
        return torch.device("cuda")
    if number >= (found := torch.cuda.device_count()):
        raise UserError(f"device: process {number + 1} of this machine needs a GPU of its own, but there are {found}")
    torch.cuda.set_device(number)
    return torch.device("cuda", number)


def describe(device: torch.device) -> str:
    """A short name for cards and logs, such as `cpu, 2 threads` or `NVIDIA H200`."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"cpu, {torch.get_num_threads()} threads"


def number_format(precision: str, device: torch.device) -> torch.dtype:
    """In which a network computes for `auto`, `float32` or `bfloat16`; float32 where a GPU has no bfloat16."""
    has_it = device.type == "cpu" or torch.cuda.is_bf16_supported(including_emulation=False)
    wanted = precision == "bfloat16" or (precision == "auto" and device.type == "cuda")
    return torch.bfloat16 if wanted and has_it else torch.float32
