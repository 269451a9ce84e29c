"""The course's models in PyTorch: twins of those in `nn`, for a GPU and for comparison.

States pass between twins: `twin.load_state_dict({k: torch.from_numpy(v) for k, v in
model.state_dict().items()})`, and `model.load_state_dict(twin.state_dict())`.
"""

from course_lib.torch_models.checkpoint import load_checkpoint, save_checkpoint
from course_lib.torch_models.gpt import GPT
from course_lib.torch_models.mlp import MLP
from course_lib.torch_models.training import (
    TrainConfig,
    Trainer,
    classification_loss,
    language_model_loss,
)

__all__ = [
    "GPT",
    "MLP",
    "TrainConfig",
    "Trainer",
    "classification_loss",
    "language_model_loss",
    "load_checkpoint",
    "save_checkpoint",
]
