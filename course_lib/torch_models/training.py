"""Training a PyTorch model: one loop for every model of the course, on any device, resumable.

Adds to the models: AdamW with warmup and cosine decay, clipping, bf16 autocast, torch.compile, and
checkpoints from which a run goes on as if it had never stopped. Taught in lesson 10.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.optim import warmup_cosine
from course_lib.torch_models.checkpoint import load_checkpoint, save_checkpoint

__all__ = ["TrainConfig", "Trainer", "classification_loss", "language_model_loss"]

# Draws one batch: inputs and targets, as NumPy arrays.
DrawBatch: TypeAlias = Callable[[np.random.Generator], tuple[np.ndarray, np.ndarray]]
LossFunction: TypeAlias = Callable[[Any, Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class TrainConfig:
    """How to train. `lr` is the rate after warmup_steps; it falls to min_lr_factor times that.

    Raises:
        ValueError: steps is below 1, or a number that may not be negative is.
    """

    steps: int
    lr: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 0.1
    warmup_steps: int = 0
    min_lr_factor: float = 0.1
    max_norm: float = 1.0
    seed: int = 0
    device: str = "cpu"
    bf16: bool = False
    compile: bool = False

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        for name in ("lr", "weight_decay", "warmup_steps", "min_lr_factor", "max_norm", "seed"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")


def classification_loss(model: Any, inputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of a model that gives logits, such as MLP."""
    return F.cross_entropy(model(inputs), targets)


def language_model_loss(model: Any, inputs: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of a model that gives logits and loss, such as GPT."""
    return model(inputs, targets)[1]


class Trainer:
    """Trains a model on batches that draw_batch draws with the trainer's own rng.

    `losses` holds the loss of every step so far. Dropout draws from PyTorch's global generator,
    which is seeded here and saved with the rest.

    Example::

        trainer = Trainer(GPT(config), draw_batch, TrainConfig(steps=1000, device="cuda"))
        trainer.train(until=500)
        trainer.save("run/half.pt")
        ...
        trainer.load("run/half.pt")  # in another process, after the same first line
        trainer.train()
    """

    def __init__(
        self,
        model: nn.Module,
        draw_batch: DrawBatch,
        config: TrainConfig,
        loss_function: LossFunction = language_model_loss,
    ) -> None:
        self.config, self.draw_batch, self.loss_function = config, draw_batch, loss_function
        self.model = model.to(config.device)
        # A compiled model shares its weights with the plain one, whose names the state keeps.
        self._compiled: Any = torch.compile(self.model) if config.compile else self.model
        self.optimizer = torch.optim.AdamW(
            _groups(self.model, config.weight_decay), lr=config.lr, betas=config.betas
        )
        self._factor = warmup_cosine(config.warmup_steps, config.steps, config.min_lr_factor)
        self.rng = np.random.default_rng(config.seed)
        torch.manual_seed(config.seed)
        self.losses: list[float] = []

    @property
    def step(self) -> int:
        """How many steps have been made."""
        return len(self.losses)

    def train(self, until: int | None = None) -> list[float]:
        """Go on to step `until`, by default to the last; return the losses of all steps so far."""
        end = self.config.steps if until is None else until
        if end > self.config.steps:
            raise ValueError(f"until must be at most steps = {self.config.steps}, got {until}")
        self.model.train()
        found: list[Tensor] = []
        try:
            while self.step + len(found) < end:
                found.append(self._step(self.step + len(found)))
        finally:  # also when interrupted, so that losses and weights agree
            # Read at the end: each reading would make the CPU wait for the device.
            self.losses += torch.stack(found).tolist() if found else []
        return self.losses

    def save(self, path: str | Path) -> None:
        """Write all that the rest of the run depends on; see `save_checkpoint`."""
        on_gpu = torch.device(self.config.device).type == "cuda"
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "losses": self.losses,
            "rng": self.rng.bit_generator.state,
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state(self.config.device) if on_gpu else None,
        }
        save_checkpoint(path, state)

    def load(self, path: str | Path) -> None:
        """Go on from what `save` wrote, with the same model, config and data.

        On the CPU the rest of the run is, bit for bit, that of one that never stopped.
        """
        state = load_checkpoint(path)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])  # moves itself to the device
        self.losses = list(state["losses"])
        self.rng.bit_generator.state = state["rng"]
        torch.set_rng_state(state["torch_rng"])
        if state["cuda_rng"] is not None and torch.cuda.is_available():
            torch.cuda.set_rng_state(state["cuda_rng"], self.config.device)

    def _step(self, number: int) -> Tensor:
        """One update; return the loss before it, still on the device."""
        device = torch.device(self.config.device)
        inputs, targets = (torch.from_numpy(a).to(device) for a in self.draw_batch(self.rng))
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.lr * self._factor(number)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.config.bf16):
            loss = self.loss_function(self._compiled, inputs, targets)
        self.optimizer.zero_grad()
        torch.autograd.backward(loss)
        if self.config.max_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_norm)
        self.optimizer.step()
        return loss.detach()


def _groups(model: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Decay matrices; leave biases and norms, which have one axis, alone."""
    params = list(model.parameters())
    return [
        {"params": [p for p in params if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in params if p.ndim < 2], "weight_decay": 0.0},
    ]
