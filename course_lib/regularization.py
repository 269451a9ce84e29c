"""What keeps a network from learning its training set by heart, in plain NumPy.

Adds to `optim`: penalties, dropout, early stopping, changed examples and softened labels, and the
two norms that keep activations in range. No engine: gradients are functions of their own. Functions
keep the dtype, change no input (but for running statistics), and draw from the generator `rng` that
is passed in. Taught in lesson 07.
"""

import math

import numpy as np
from jaxtyping import Float, Integer

__all__ = [
    "EarlyStopping",
    "augment",
    "batch_norm",
    "dropout",
    "dropout_grad",
    "l1_penalty",
    "l1_penalty_grad",
    "l2_penalty",
    "l2_penalty_grad",
    "label_smoothing",
    "layer_norm",
    "mixup",
    "rotate",
    "shift",
]

Array = Float[np.ndarray, "*shape"]
Images = Float[np.ndarray, "*batch height width"]

# ---------------------------------------------------------------- penalties


def l1_penalty(w: Array, strength: float) -> float:
    """Sum of |w|, times strength: a pull of constant size, which makes small weights exactly 0.

    >>> l1_penalty(np.array([3.0, -4.0]), 0.5)
    3.5

    Source: Tibshirani 1996.
    """
    return float(strength * np.abs(w).sum())


def l1_penalty_grad(w: Array, strength: float) -> Array:
    """Gradient of `l1_penalty`: strength * sign(w), and 0 at 0.

    >>> l1_penalty_grad(np.array([3.0, 0.0, -4.0]), 0.5)
    array([ 0.5,  0. , -0.5])
    """
    return np.sign(w) * strength


def l2_penalty(w: Array, strength: float) -> float:
    """Sum of w ** 2, times strength: a pull in proportion to the weight.

    Without the factor 1/2 that many books have. So an optimizer's weight_decay does the same when
    it is twice the strength.

    >>> l2_penalty(np.array([3.0, -4.0]), 0.5)
    12.5
    """
    return float(strength * np.square(w).sum())


def l2_penalty_grad(w: Array, strength: float) -> Array:
    """Gradient of `l2_penalty`: 2 * strength * w.

    >>> l2_penalty_grad(np.array([3.0, -4.0]), 0.5)
    array([ 3., -4.])
    """
    return w * (2 * strength)


# ---------------------------------------------------------------- dropout


def dropout(
    x: Array, p: float = 0.5, training: bool = True, *, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Make each number 0 with probability p and divide the others by 1 - p.

    The division keeps the mean as it was, so that nothing need change when dropout is turned off:
    then, with training=False, x comes back as it is. Returns the result and the mask it was
    multiplied by, entries 0 and 1 / (1 - p), which `dropout_grad` needs.

    >>> y, mask = dropout(np.ones(4), p=0.5, rng=np.random.default_rng(0))
    >>> y
    array([2., 0., 0., 0.])

    Raises:
        ValueError: p lies outside [0, 1].

    Source: Srivastava et al. 2014; dividing in training, not in use, is called inverted dropout.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"p must lie in [0, 1], got {p}")
    if not training or p == 0:
        return x.copy(), np.ones_like(x)
    kept = rng.random(x.shape) >= p
    scale = 0.0 if p == 1 else 1 / (1 - p)
    mask = kept.astype(x.dtype) * scale
    return x * mask, mask


def dropout_grad(grad: Array, mask: Array) -> Array:
    """Gradient with respect to the input: what was dropped gets none, the rest is scaled alike."""
    return grad * mask


# ---------------------------------------------------------------- early stopping


class EarlyStopping:
    """Tells when a held-out loss has stopped falling.

    `step(loss)` is called once an epoch and returns True when training should end: after `patience`
    epochs in a row without a loss more than min_delta below the best. `improved` says whether the
    last epoch was the best so far, so that its weights should be kept; `best` and `best_epoch`,
    counted from 0, say how good it was and when. A NaN is no improvement.

    >>> stop = EarlyStopping(patience=2)
    >>> [stop.step(loss) for loss in (0.9, 0.5, 0.6, 0.7)], stop.best, stop.best_epoch
    ([False, False, False, True], 0.5, 1)

    Raises:
        ValueError: patience is below 1 or min_delta is negative.

    Source: Prechelt 1998.
    """

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        if not min_delta >= 0:
            raise ValueError(f"min_delta must be >= 0, got {min_delta}")
        self.patience, self.min_delta = patience, min_delta
        self.best, self.best_epoch = math.inf, -1
        self.epoch, self.bad_epochs = -1, 0
        self.improved = False

    def step(self, loss: float) -> bool:
        """Take note of the epoch's held-out loss; return whether to stop."""
        self.epoch += 1
        self.improved = loss < self.best - self.min_delta
        if self.improved:
            self.best, self.best_epoch, self.bad_epochs = loss, self.epoch, 0
        else:
            self.bad_epochs += 1
        return self.bad_epochs >= self.patience


# ---------------------------------------------------------------- labels and examples


def label_smoothing(
    targets: Integer[np.ndarray, " batch"], classes: int, smoothing: float
) -> Float[np.ndarray, "batch classes"]:
    """Turn class indices into probabilities that leave room for doubt.

    The target gets 1 - smoothing, and then smoothing is shared evenly by all classes, the target
    among them: PyTorch's cross_entropy(..., label_smoothing=smoothing) means the same.

    >>> label_smoothing(np.array([1]), classes=4, smoothing=0.2).round(4)
    array([[0.05, 0.85, 0.05, 0.05]])

    Raises:
        ValueError: a target lies outside [0, classes), or smoothing outside [0, 1].

    Source: Szegedy et al. 2016.
    """
    if not 0 <= smoothing <= 1:
        raise ValueError(f"smoothing must lie in [0, 1], got {smoothing}")
    if len(targets) and not 0 <= targets.min() <= targets.max() < classes:
        raise ValueError(f"targets must lie in [0, {classes}), got {np.unique(targets).tolist()}")
    onehot = targets[:, None] == np.arange(classes)  # (batch, classes)
    return (1 - smoothing) * onehot + smoothing / classes


def shift(images: Images, down: int, right: int) -> Images:
    """Move every image by whole pixels; what is uncovered becomes 0, what leaves is lost.

    Images are the last two axes. Negative numbers move up and left.

    >>> shift(np.array([[1.0, 2.0], [3.0, 4.0]]), down=1, right=0)
    array([[0., 0.],
           [1., 2.]])
    """
    height, width = images.shape[-2:]
    moved = np.zeros_like(images)
    rows = slice(max(down, 0), max(height + min(down, 0), 0))
    columns = slice(max(right, 0), max(width + min(right, 0), 0))
    from_rows = slice(max(-down, 0), max(height - max(down, 0), 0))
    from_columns = slice(max(-right, 0), max(width - max(right, 0), 0))
    moved[..., rows, columns] = images[..., from_rows, from_columns]
    return moved


def rotate(images: Images, degrees: float) -> Images:
    """Turn every image counter-clockwise about its centre; pixels from outside are 0.

    Each new pixel asks where it came from and mixes the four pixels around that point, by distance
    (bilinear interpolation). Images are the last two axes.

    >>> rotate(np.array([[1.0, 2.0], [3.0, 4.0]]), 90.0).round(4)
    array([[2., 4.],
           [1., 3.]])
    """
    height, width = images.shape[-2:]
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    y, x = np.mgrid[:height, :width].astype(np.float64)
    y, x = y - (height - 1) / 2, x - (width - 1) / 2  # from the centre
    rows = cos * y + sin * x + (height - 1) / 2  # turned back; the row axis points down
    columns = -sin * y + cos * x + (width - 1) / 2
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    turned = np.zeros_like(images)
    for row, row_share in ((top, 1 - (rows - top)), (top + 1, rows - top)):
        for column, column_share in ((left, 1 - (columns - left)), (left + 1, columns - left)):
            inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
            share = (row_share * column_share * inside).astype(images.dtype)
            turned += share * images[..., row.clip(0, height - 1), column.clip(0, width - 1)]
    return turned


def augment(
    images: Float[np.ndarray, "batch height width"],
    max_shift: int = 1,
    max_degrees: float = 10.0,
    *,
    rng: np.random.Generator,
) -> Float[np.ndarray, "batch height width"]:
    """Turn and move each image a little, each by its own random amounts, evenly up to the largest.

    What it shows stays the same to an eye, so its label stays. Choose amounts for which that is
    true: a 6 turned by 180 degrees is a 9.

    Raises:
        ValueError: an amount is negative.
    """
    if max_shift < 0 or not max_degrees >= 0:
        raise ValueError(
            f"max_shift and max_degrees must be >= 0, got {max_shift} and {max_degrees}"
        )
    changed = np.empty_like(images)
    for i, image in enumerate(images):
        down, right = rng.integers(-max_shift, max_shift + 1, size=2)
        turned = rotate(image, float(rng.uniform(-max_degrees, max_degrees)))
        changed[i] = shift(turned, int(down), int(right))
    return changed


def mixup(
    X: Float[np.ndarray, "batch ..."],
    targets: Float[np.ndarray, "batch classes"],
    alpha: float = 0.2,
    *,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "batch ..."], Float[np.ndarray, "batch classes"]]:
    """Mix each example, and its row of class probabilities, with another one of the batch.

    The share of the example itself is drawn once for the batch, from Beta(alpha, alpha): mostly
    near 0 or 1 for a small alpha.

    Raises:
        ValueError: alpha is not above 0.

    Source: Zhang et al. 2018.
    """
    if not alpha > 0:
        raise ValueError(f"alpha must be > 0, got {alpha}")
    share = float(rng.beta(alpha, alpha))
    other = rng.permutation(len(X))
    return (
        share * X + (1 - share) * X[other],
        share * targets + (1 - share) * targets[other],
    )


# ---------------------------------------------------------------- norms


def batch_norm(
    x: Float[np.ndarray, "batch features"],
    running_mean: Float[np.ndarray, " features"],
    running_var: Float[np.ndarray, " features"],
    weight: Float[np.ndarray, " features"] | None = None,
    bias: Float[np.ndarray, " features"] | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Float[np.ndarray, "batch features"]:
    """Give every feature mean 0 and variance 1, then scale by weight and move by bias.

    In training the mean and variance are the batch's own, and the running ones move towards them,
    in place: running <- (1 - momentum) * running + momentum * batch. Otherwise the running ones are
    used and stay. As in PyTorch the batch is divided by its biased variance (over batch), while the
    running variance takes in the unbiased one (over batch - 1), and eps stands inside the root.

    >>> mean, var = np.zeros(1), np.ones(1)
    >>> batch_norm(np.array([[1.0], [3.0]]), mean, var, training=True).round(4).tolist()
    [[-1.0], [1.0]]
    >>> mean.round(4), var.round(4)  # a tenth of the way to 2, and to 2
    (array([0.2]), array([1.1]))

    Raises:
        ValueError: training on a batch of one, which has no spread.

    Source: Ioffe and Szegedy 2015.
    """
    if training:
        batch = len(x)
        if batch < 2:
            raise ValueError(f"training needs a batch of at least 2 examples, got {batch}")
        mean, var = x.mean(axis=0), x.var(axis=0)  # both (features,)
        running_mean += momentum * (mean - running_mean)
        running_var += momentum * (var * (batch / (batch - 1)) - running_var)
    else:
        mean, var = running_mean, running_var
    return _scaled((x - mean) / np.sqrt(var + eps), weight, bias)


def layer_norm(
    x: Array,
    normalized_shape: tuple[int, ...],
    weight: Float[np.ndarray, "..."] | None = None,
    bias: Float[np.ndarray, "..."] | None = None,
    eps: float = 1e-5,
) -> Array:
    """Give every example mean 0 and variance 1 over its last axes, then scale and move them.

    normalized_shape is the shape of those axes, and of weight and bias. Each example stands for
    itself, so training and use are the same, and so is any batch size. The variance is biased.

    >>> layer_norm(np.array([[1.0, 3.0], [10.0, 30.0]]), (2,)).round(4).tolist()
    [[-1.0, 1.0], [-1.0, 1.0]]

    Raises:
        ValueError: x does not end in normalized_shape.

    Source: Ba et al. 2016.
    """
    if not normalized_shape or x.shape[-len(normalized_shape) :] != normalized_shape:
        raise ValueError(f"x must end in the axes {normalized_shape}, got shape {x.shape}")
    axes = tuple(range(-len(normalized_shape), 0))
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return _scaled((x - mean) / np.sqrt(var + eps), weight, bias)


def _scaled(x: np.ndarray, weight: np.ndarray | None, bias: np.ndarray | None) -> np.ndarray:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias
