"""What PyTorch has in `torch.nn.functional`: `from course_lib.tensor import functional as F`."""

from course_lib.tensor.attention import scaled_dot_product_attention
from course_lib.tensor.elementwise import gelu, leaky_relu, relu, sigmoid, silu, tanh
from course_lib.tensor.indexing import embedding, one_hot
from course_lib.tensor.layers import dropout, layer_norm
from course_lib.tensor.losses import binary_cross_entropy_with_logits, cross_entropy, mse_loss
from course_lib.tensor.probability import log_softmax, softmax
from course_lib.tensor.product import linear

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "embedding",
    "gelu",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "mse_loss",
    "one_hot",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "softmax",
    "tanh",
]
