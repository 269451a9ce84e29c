"""Layers and models on `tensor`, with PyTorch's names, so that weights pass between the two.

The files form a ladder: module, containers, activations, linear, embedding, normalization, dropout,
losses, attention, transformer, sampling, gpt. What holds throughout: what is drawn at random comes
from a `rng` that is passed in, weights are float32 until `Module.to` converts them, and names and
shapes in `state_dict` are those of the twins in `torch_models` and of torch.nn.

>>> import numpy as np
>>> from course_lib import nn
>>> model = nn.Sequential(nn.Linear(3, 2, rng=np.random.default_rng(0)), nn.ReLU())
>>> {name: p.shape for name, p in model.named_parameters()}
{'0.weight': (2, 3), '0.bias': (2,)}
"""

from course_lib.nn.activations import GELU, Flatten, ReLU, Sigmoid, Tanh
from course_lib.nn.attention import KVCache, MultiHeadAttention
from course_lib.nn.containers import ModuleList, Sequential
from course_lib.nn.dropout import Dropout
from course_lib.nn.embedding import Embedding
from course_lib.nn.gpt import GPT, GPTConfig
from course_lib.nn.linear import MLP, Linear
from course_lib.nn.losses import BCEWithLogitsLoss, CrossEntropyLoss, MSELoss
from course_lib.nn.module import IncompatibleKeys, Module, Parameter
from course_lib.nn.normalization import BatchNorm1d, LayerNorm
from course_lib.nn.sampling import sample
from course_lib.nn.transformer import Block, FeedForward

__all__ = [
    "GELU",
    "GPT",
    "MLP",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "Block",
    "CrossEntropyLoss",
    "Dropout",
    "Embedding",
    "FeedForward",
    "Flatten",
    "GPTConfig",
    "IncompatibleKeys",
    "KVCache",
    "LayerNorm",
    "Linear",
    "MSELoss",
    "Module",
    "ModuleList",
    "MultiHeadAttention",
    "Parameter",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "Tanh",
    "sample",
]
