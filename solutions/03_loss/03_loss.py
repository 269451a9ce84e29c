# %% [markdown]
# # Lesson 3 · Loss
#
# **How wrong is wrong?**
#
# Counting mistakes tells you that a model is wrong, not which way is better. You will build the
# numbers that do: squared error, cross-entropy and hinge, each from the scores of a unit, each with
# its reason, and the slope that makes learning possible.
#
# About 75 minutes. You need NumPy, the logarithm, and what a derivative is.

# %%
import numpy as np

from course_lib import data, viz
from course_lib.activations import sigmoid, softmax
from grader import borrow, check, hint, progress

# %% [markdown]
# ## 1 · Counting mistakes gives no slope
#
# Lesson 2 gave the unit an output with a slope: `sigmoid(w * x + b)`, a probability. Here is one
# that tells two irises apart by the length of a petal. We measure it from 4.95 cm, halfway between
# the kinds.

# %%
iris = data.iris().only("versicolor", "virginica")
x = iris.features("petal length (cm)").X[:, 0] - 4.95
t = iris.y.astype(float)  # targets: 0 is versicolor, 1 is virginica


def mistakes(w, b):
    """Count the flowers that the unit puts on the wrong side."""
    return int(np.sum((sigmoid(w * x + b) >= 0.5) != (t == 1)))


# %% [markdown]
# To learn, we nudge a weight and see whether things get better. So nudge: a little, then a lot.

# %%
for w in [1.0, 1.001, 2.0, 8.0]:
    print(f"w = {w:<5g}  mistakes: {mistakes(w, b=0.0)}")

# %% [markdown]
# Nothing moves. The unit does answer by degrees, but counting throws the degrees away: a flower is
# right or wrong, whether by a hair or by a mile. Turn the bias over a wide range and look.

# %%
viz.function_curves(
    {"mistakes": lambda biases: np.array([mistakes(5.0, b) for b in biases])},
    title="Mistakes are a staircase: flat wherever you stand",
    span=(-8.0, 8.0),
    xlabel="bias b (weight w = 5)",
    ylabel="mistakes among 100 flowers",
)

# %% [markdown]
# On a flat step every direction looks the same. What we need is a **loss**: for each example a
# number that says what an incorrect prediction costs. It should be small when the answer is good,
# grow as it gets worse, and have a slope on the way.

# %% [markdown]
# For a whole data set we take the mean, the **empirical risk** (Vapnik 1992):
#
# $$J(W) = \frac{1}{n} \sum_{i=1}^{n} \mathcal{L}\big(f(x_i; W),\, t_i\big)$$
#
# $f(x_i; W)$ is what the model with weights $W$ predicts for example $i$, $t_i$ is its **target**,
# and $\mathcal{L}$ the loss of that one answer. Learning is now a search: which $W$ makes $J$ small?

# %% [markdown]
# ## 2 · Squared error
#
# Start with predicting a *number*, say the width of a petal. The error is the prediction minus the
# target. A loss two centuries old squares it: the sign does not matter, and large errors count most.
#
# $$\text{MSE} = \frac{1}{n} \sum_i (\text{prediction}_i - t_i)^2$$

# %% [markdown]
# **Exercise 3.1.** Write `mse_loss`: one number, the mean over *all* entries, whatever the shape.
#
# Worked case: predictions `[1, 2]` with targets `[1, 5]` give $(0 + 9) / 2 = 4.5$.
#
# The hard case: a column of shape `(3, 1)` and a row of shape `(3,)`. NumPy would quietly make nine
# differences of them. If the two shapes differ, raise a `ValueError` that says so.


# %% exercise="loss.mse_loss"
def mse_loss(predictions, targets):
    """Mean of the squared errors; the two shapes must be equal."""
    if predictions.shape != targets.shape:
        raise ValueError(f"shapes differ: {predictions.shape} and {targets.shape}")
    errors = predictions - targets
    return float(np.mean(errors**2))


# %% [markdown]
# ### Why the square?
#
# Suppose targets scatter around the right prediction as measurements do, in a bell curve of width
# $\sigma$. The model then gives the target $t$ the density
#
# $$\frac{1}{\sqrt{2\pi}\,\sigma}\; e^{-(t - \text{prediction})^2 / 2\sigma^2}$$
#
# How probable a model makes the data that we saw is called its **likelihood**. The best model is
# the one under which the data are the least surprising.

# %% [markdown]
# Over many examples likelihoods multiply. Logarithms turn that into a sum, and a minus sign makes
# it a cost: the **negative log-likelihood**. For the bell curve it is
#
# $$\frac{(t - \text{prediction})^2}{2\sigma^2} + \log\!\big(\sqrt{2\pi}\,\sigma\big)$$
#
# A squared error, stretched and shifted by constants (Gauss 1809). Whoever minimises the MSE
# believes in a bell curve, knowingly or not.

# %%
viz.function_curves(
    {
        "bell curve": lambda e: np.exp(-(e**2) / 2) / np.sqrt(2 * np.pi),
        "minus its log": lambda e: e**2 / 2 + np.log(np.sqrt(2 * np.pi)),
    },
    title="Minus the log of a bell curve is a parabola: the squared error",
    span=(-3.0, 3.0),
    xlabel="error, in widths of the bell",
    ylabel="density, and cost in nats",
)

# %% [markdown]
# Now in numbers. Four lines predict the width of a petal from its length. Their negative
# log-likelihood (with $\sigma = 1$) and half their MSE should differ by the same constant,
# $\log \sqrt{2\pi} \approx 0.92$.

# %%
width = iris.features("petal width (cm)").X[:, 0]
for slope in [0.0, 0.2, 0.3, 0.5]:
    predictions = 1.7 + slope * x
    density = np.exp(-((width - predictions) ** 2) / 2) / np.sqrt(2 * np.pi)
    nll, half = -np.mean(np.log(density)), mse_loss(predictions, width) / 2
    print(f"slope {slope}: {nll:.3f} - {half:.3f} = {nll - half:.2f}")

# %% [markdown]
# ## 3 · Surprise
#
# A yes-or-no answer does not scatter in a bell curve. The unit gives "yes" the probability $p$, so
# what happened had probability $p$ if the target is 1, and $1 - p$ if it is 0. Minus the log of that
# is the loss, **binary cross-entropy**:
#
# $$\mathcal{L} = -\,t \log p \;-\; (1 - t) \log (1 - p)$$
#
# Of the two terms, $t$ switches one off.

# %%
for p in [0.99, 0.5, 0.1, 0.01]:
    print(f"the right answer got p = {p:<4}:  {-np.log(p):.2f} nats  {-np.log2(p):.2f} bits")

# %% [markdown]
# Read it as **surprise** (Shannon 1948): what you were sure of costs nothing when it happens, and a
# great deal when it does not. With the natural logarithm the unit is the **nat**; with base 2 it
# would be the **bit**. Losses in deep learning are in nats.

# %% [markdown]
# ### Where the formula breaks
#
# Take a unit that is sure, with a score of 40, and wrong, with target 0. On paper it costs
# $-\log(1 - \text{sigmoid}(40))$, which is 40 to many digits.

# %%
p = sigmoid(np.array(40.0))
with np.errstate(divide="ignore"):
    print(f"1 - p = {1 - p:g}, so the loss is {-np.log(1 - p):g}")

# %% [markdown]
# The sigmoid has rounded to exactly 1, and the log of 0 is infinite. The way out is not to mend the
# logarithm but to simplify on paper, back to the **logit** $z$, the score before the sigmoid:
#
# $$-\log p = \log\big(1 + e^{-z}\big) \qquad -\log(1 - p) = \log\big(1 + e^{z}\big)$$
#
# Far on the right side they are close to 0, and far on the wrong side close to $|z|$.

# %% [markdown]
# **Exercise 3.2.** Write the loss from logits: the mean over all entries, in nats. Targets are 0.0
# or 1.0 and have the shape of the logits.
#
# Worked case: logits `[0, 2]` with targets `[1, 0]` cost $\log 2 = 0.693$ and
# $\log(1 + e^2) = 2.127$, so 1.410 on average.
#
# The hard case: a logit of 1000 with target 0 costs 1000, and $e^{1000}$ overflows. `np.log1p(a)` is
# `log(1 + a)`, accurate for small `a` too.


# %% exercise="loss.binary_cross_entropy"
def binary_cross_entropy_with_logits(logits, targets):
    """Mean of -log(probability of the right answer), in nats; finite for any finite logit."""
    small = np.log1p(np.exp(-np.abs(logits)))  # never overflows
    losses = np.maximum(logits, 0) - targets * logits + small
    return float(losses.mean())


# %% [markdown]
# ### A loss you can stand on
#
# The unit has two numbers to learn, $w$ and $b$, so its loss is a landscape over a plane. We also
# look for its lowest point, by trying a grid.


# %%
def risk(points):
    """The loss of the unit over all flowers, for each row (w, b)."""
    return np.array([binary_cross_entropy_with_logits(w * x + b, t) for w, b in points])


grid = np.stack(np.meshgrid(np.arange(0, 15, 0.5), np.arange(-3, 3, 0.1)), axis=-1).reshape(-1, 2)
best_w, best_b = grid[risk(grid).argmin()]
print(f"lowest loss at w = {best_w:g}, b = {best_b:.1f}: {mistakes(best_w, best_b)} mistakes")

# %%
weights = [-1, 0, 0.5, 1, 2, 3, 4, 6, 8, 10, 12, 14]
frames = [
    viz.unit_on_surface(
        x,
        t,
        risk,
        (w, 0.0),
        title=f"w = {w:g}: {mistakes(w, 0.0)} mistakes, loss {risk([(w, 0.0)])[0]:.2f} nats",
        across=(-2.0, 15.0),
        up=(-4.0, 4.0),
        feature_name="petal length from 4.95 (cm)",
        class_names=iris.class_names,
        minimum=(best_w, best_b),
    )
    for w in weights
]
viz.stepper(frames, [f"{w:g}" for w in weights], control="weight w", start=3)

# %% [markdown]
# **Try it.** Move the slider from 0.5 to 14. The mistakes stay at 8 all the way, but the loss does
# not: it falls while the unit gains confidence, and from about 8 on it rises again. With so steep a
# curve, the eight flowers on the wrong side surprise it too much. The star marks the lowest point,
# and it has another bias, and one mistake fewer.

# %% [markdown]
# ## 4 · Which way is better
#
# Now the slope. For target 1 the loss is $\log(1 + e^{-z})$, with the derivative
#
# $$\frac{-e^{-z}}{1 + e^{-z}} = -(1 - p) = p - 1$$
#
# and for target 0 it is $\log(1 + e^{z})$, with the derivative $e^{z} / (1 + e^{z}) = p$. Both are
# the same formula:
#
# $$\frac{\partial \mathcal{L}}{\partial z} = p - t$$

# %% [markdown]
# Probability minus target: what the unit said minus what was true. Of a *mean* over $n$ logits each
# one moves only its share, so the gradient of the mean has entries $(p_i - t_i) / n$.
#
# **Exercise 3.3.** Return that gradient, in the shape of the logits.
#
# Worked case: logits `[0, 0]` with targets `[1, 0]` give `[-0.25, 0.25]`.


# %% exercise="loss.binary_cross_entropy_grad"
def binary_cross_entropy_with_logits_grad(logits, targets):
    """Gradient of binary_cross_entropy_with_logits with respect to the logits."""
    return (sigmoid(logits) - targets) / logits.size


# %% [markdown]
# Never believe a formula for a slope: measure it. Nudge one logit up and down, and see by how much
# the loss changes.

# %%
logits, targets, h = np.array([0.5, -1.0, 2.0]), np.array([1.0, 1.0, 0.0]), 1e-5
nudge = np.array([0.0, h, 0.0])
above = binary_cross_entropy_with_logits(logits + nudge, targets)
below = binary_cross_entropy_with_logits(logits - nudge, targets)
print(f"measured: {(above - below) / (2 * h):.4f}")
print(f"formula:  {binary_cross_entropy_with_logits_grad(logits, targets)[1]:.4f}")

# %% [markdown]
# ### Why not the squared error of the probability?
#
# One could also score the unit by $(p - t)^2$. Its slope in $z$ is $2\,(p - t)\,p\,(1 - p)$: the
# sigmoid's own slope stays in. Compare the two for target 1, above all where the unit is surely
# wrong, on the left.

# %%
viz.function_curves(
    {
        "cross-entropy": lambda z: -np.log(sigmoid(z)),
        "squared error": lambda z: (sigmoid(z) - 1) ** 2,
    },
    derivatives={
        "cross-entropy": lambda z: sigmoid(z) - 1,
        "squared error": lambda z: 2 * (sigmoid(z) - 1) * sigmoid(z) * (1 - sigmoid(z)),
    },
    title="Surely wrong: cross-entropy pulls hardest, squared error has let go",
    span=(-8.0, 8.0),
    xlabel="logit z, target 1",
    ylabel="loss",
)

# %% [markdown]
# A unit that is surely wrong sits on the sigmoid's flat tail. The squared error is flat there too,
# so nothing is learned. In cross-entropy the log undoes the exponential, and the slope stays at
# $-1$.

# %% [markdown]
# ## 5 · Good enough: the hinge
#
# Cross-entropy is never content: 99 % could be 99.9 %. The **hinge loss** is (Cortes and Vapnik
# 1995). It keeps the perceptron's labels, $-1$ and $+1$, and asks that the score be on its own side
# *by at least 1*. What is lacking is the cost:
#
# $$\mathcal{L} = \max(0,\; 1 - y \cdot z)$$

# %% [markdown]
# **Exercise 3.4.** Write the mean hinge loss of a batch.
#
# Worked case: scores `[2, 0.25, -1]`, all with label $+1$, lack 0, 0.75 and 2; the mean is 0.917.
# The hard case: a score far on its own side costs 0. It earns nothing that others could spend.


# %% exercise="loss.hinge_loss"
def hinge_loss(scores, labels):
    """Mean of what each score lacks to be on its own side by 1; labels are -1 and +1."""
    lacking = np.maximum(0, 1 - labels * scores)
    return float(lacking.mean())


# %% [markdown]
# All losses of this lesson at once, for one example. Across: $y \cdot z$, how far the score is on its
# own side. Squared error here is $(y - z)^2 = (1 - y \cdot z)^2$, as if the label were a number to
# hit.

# %%
viz.function_curves(
    {
        "mistake (0 or 1)": lambda m: (m <= 0) * 1.0,
        "cross-entropy": lambda m: -np.log(sigmoid(m)),
        "hinge": lambda m: np.maximum(0, 1 - m),
        "squared error": lambda m: (1 - m) ** 2,
    },
    title="Squared error punishes scores for being too right; the others do not",
    span=(-2.0, 4.0),
    xlabel="y · z, how far the score is on its own side",
    ylabel="loss",
)

# %% [markdown]
# One odd example shows the difference best. Let it lie far out: 20 on its own side, or 20 on the
# wrong one. What does it cost?

# %%
for name, loss in [
    ("hinge", lambda m: np.maximum(0, 1 - m)),
    ("cross-entropy", lambda m: -np.log(sigmoid(m))),
    ("squared error", lambda m: (1 - m) ** 2),
]:
    print(f"{name:14s} far right: {loss(20.0):5.1f}   far wrong: {loss(-20.0):5.1f}")

# %% [markdown]
# Hinge and cross-entropy grow (nearly) in a straight line and forgive whatever is right. The squared
# error charges 361 for a score that is *right* and far away, as much as 361 examples on the boundary
# together. One such **outlier** would pull the whole line. So squares serve for numbers with
# bell-shaped noise, not for classes.

# %% [markdown]
# ## 6 · Many classes
#
# With ten classes there are ten scores. Softmax makes probabilities of them, and the loss is again
# minus the log of what the target's class got: **cross-entropy**. For target $k$
#
# $$-\log \frac{e^{z_k}}{\sum_j e^{z_j}} = \log \sum_j e^{z_j} \;-\; z_k$$
#
# The first term is called **log-sum-exp**. It has a trap: $e^{1000}$ overflows.

# %% [markdown]
# Let $m$ be the largest score of the row, and take $e^m$ out of the sum:
#
# $$\log \sum_j e^{z_j} = m + \log \sum_j e^{z_j - m}$$
#
# Now every exponent is 0 or less: nothing overflows. And one of them is 0, so the sum is at least 1
# and its log is safe. (It also shows what log-sum-exp is: the maximum, and a little more.)

# %% [markdown]
# **Exercise 3.5.** Write `logsumexp` along the *last* axis: a table of shape `(batch, classes)`
# gives `batch` numbers, one row gives a single number.
#
# Worked case: `[0, ln 3]` gives $\log(1 + 3) = 1.386$. The hard case: `[1000, 1000]` gives 1000.693,
# and every row needs its own largest score.


# %% exercise="loss.logsumexp"
def logsumexp(z):
    """Logarithm of the sum of exp(z) along the last axis; finite for any finite scores."""
    m = z.max(axis=-1, keepdims=True)
    sums = np.exp(z - m).sum(axis=-1)
    return m.squeeze(axis=-1) + np.log(sums)


# %% [markdown]
# **Exercise 3.6.** Write `cross_entropy`: the mean over the batch, in nats. `logits` has shape
# `(batch, classes)`; `targets` holds one class *number* per row, an index from 0, not a one-hot row.
#
# Worked case: logits `[[0, ln 3]]` give probabilities 1/4 and 3/4; target `[0]` costs
# $\log 4 = 1.386$. The hard case: logits `[[800, 0]]` with target `[1]` cost 800.
#
# Not sure of your `logsumexp`? `logsumexp = borrow("loss.logsumexp")` gives you the course's.


# %% exercise="loss.cross_entropy"
def cross_entropy(logits, targets):
    """Mean of -log(probability of the target class), in nats; targets are class numbers."""
    rows = np.arange(len(targets))
    losses = logsumexp(logits) - logits[rows, targets]
    return float(losses.mean())


# %% [markdown]
# ### A popular mistake
#
# Libraries' `cross_entropy` takes logits too, and applies softmax itself. Whoever hands over
# probabilities applies it twice. No error comes, and training even works a little. Here is a
# classifier that is surely right:

# %%
sure = np.array([[30.0, 0.0, 0.0]])
print(f"from logits:        {cross_entropy(sure, np.array([0])):.2f}")
print(f"from probabilities: {cross_entropy(softmax(sure), np.array([0])):.2f}")

# %% [markdown]
# Probabilities lie between 0 and 1, so as scores they are almost equal. With three classes the loss
# can never fall below $\log(e + 2) - 1 = 0.55$, however good the answer is. A loss that gets stuck
# above 0 for no reason is a reason to look for this.

# %% [markdown]
# ### The first thing to look at
#
# Ten kinds of handwritten digits, 8 by 8 pixels, and ten units, one for each digit. We have not
# trained anything: all weights are 0.

# %%
digits = data.digits()
cut = len(digits) * 2 // 3
X, X_new = digits.X[:cut] / 16, digits.X[cut:] / 16
y, y_new = digits.y[:cut], digits.y[cut:]
W = np.zeros((64, 10))

# %% [markdown]
# **Exercise 3.7, a prediction.** What is `cross_entropy(X @ W, y)`, with all weights 0?
#
# - **a** · 0, since there is nothing in it yet.
# - **b** · 0.10
# - **c** · 0.90
# - **d** · 2.30
# - **e** · 3.32
# - **f** · It depends on the images.
#
# Commit yourself first: your answer is written down before you see what happens.

# %% exercise="loss.initial_loss"
# stub: prediction = None  # "a", "b", "c", "d", "e" or "f"
prediction = "d"

# %%
print(f"all weights 0:        {cross_entropy(X @ W, y):.4f}")
print(f"log(10):              {np.log(10):.4f}")
wild = np.random.default_rng(0).normal(scale=2.0, size=W.shape)
print(f"large random weights: {cross_entropy(X @ wild, y):.0f}")

# %% [markdown]
# A classifier that knows nothing should say so: $k$ equal probabilities cost $\log k$. Hold the
# *first* loss of any training against it (Karpathy 2019). Far above means confident nonsense, as
# with the wild weights; below means that something leaks, or that the loss is not a mean of nats.

# %% [markdown]
# ## 7 · The slope for many classes
#
# Differentiate $\log \sum_j e^{z_j} - z_k$ with respect to one score. The first term gives
# $e^{z_j} / \sum_i e^{z_i}$, which is softmax itself; the second gives $-1$ at the target and nothing
# elsewhere:
#
# $$\frac{\partial \mathcal{L}}{\partial z_j} = p_j - [\,j = k\,]$$
#
# Again: what was said minus what was true. As a row, it is the probabilities minus a **one-hot**
# row, which is 1 at the target and 0 elsewhere.

# %% [markdown]
# **Exercise 3.8.** Return the gradient of the *mean* cross-entropy, in the shape of the logits.
#
# Worked case: logits `[[0, ln 3]]` with target `[0]` give `[[-0.75, 0.75]]`. With two rows in the
# batch, each counts half.


# %% exercise="loss.cross_entropy_grad"
def cross_entropy_grad(logits, targets):
    """Gradient of cross_entropy with respect to the logits."""
    grad = softmax(logits)
    grad[np.arange(len(targets)), targets] -= 1
    return grad / len(targets)


# %% [markdown]
# ### Follow it
#
# The gradient says how each *score* should change. Each weight feeds its scores with a pixel, so
# its own slope is pixel times slope, added up over the images: `X.T @ grad`. (Lesson 4 makes a
# machine of that step.) Then walk against the slope, a hundred times.

# %%
history = []
for _step in range(100):
    logits = X @ W
    history.append(cross_entropy(logits, y))
    W = W - 2.0 * X.T @ cross_entropy_grad(logits, y)
accuracy = np.mean((X_new @ W).argmax(axis=1) == y_new)
print(f"loss: {history[0]:.2f} at first, {history[-1]:.2f} at the end")
print(f"right on {accuracy:.0%} of the images that were kept back")

# %%
viz.loss_curves(
    {"cross-entropy": history},
    levels={"log(10): knows nothing": np.log(10)},
    title="The loss starts at log(10) and goes down its own slope",
)

# %% [markdown]
# What does the gradient look like now? Here it is for six images that were kept back, one row each:
# probabilities minus one-hot. The classifier gets the first four right and the last two wrong.

# %%
wrong = (X_new @ W).argmax(axis=1) != y_new
chosen = np.append(np.flatnonzero(~wrong)[:4], np.flatnonzero(wrong)[:2])
slopes = cross_entropy_grad(X_new[chosen] @ W, y_new[chosen]) * len(chosen)
print("each row sums to 0:", np.allclose(slopes.sum(axis=1), 0))

# %%
viz.heat_map(
    slopes,
    title="Surely right: nothing to do. Wrong: pull up the target, push down the rival",
    row_names=[str(digit) for digit in y_new[chosen]],
    column_names=[str(k) for k in range(10)],
    ylabel="digit in the image",
    xlabel="score of the class",
    value_label="slope",
    signed=True,
)

# %% [markdown]
# Where the slope is negative (orange), a higher score lowers the loss; where it is positive (blue),
# a lower one does. Each row sums to 0: what the target gains the others lose.

# %% [markdown]
# ## 8 · In PyTorch
#
# The functions have the names that you used, and take logits as yours do. There the gradient comes
# by itself, from `backward`.

# %%
import torch
import torch.nn.functional as F

rng = np.random.default_rng(3)
scores, classes = rng.normal(scale=3, size=(5, 4)), np.array([1, 3, 0, 3, 2])
answers = (scores > 1) * 1.0
z, k, a = torch.tensor(scores, requires_grad=True), torch.tensor(classes), torch.tensor(answers)
pairs = {
    "mse_loss": (F.mse_loss(z, a), mse_loss(scores, answers)),
    "binary_cross_entropy_with_logits": (
        F.binary_cross_entropy_with_logits(z, a),
        binary_cross_entropy_with_logits(scores, answers),
    ),
    "logsumexp": (torch.logsumexp(z, dim=-1), logsumexp(scores)),
    "cross_entropy": (F.cross_entropy(z, k), cross_entropy(scores, classes)),
}
for name, (theirs, yours) in pairs.items():
    print(f"{name:33s} agrees: {np.allclose(theirs.detach(), yours)}")

# %%
F.cross_entropy(z, k).backward()
print("gradient agrees:", np.allclose(z.grad, cross_entropy_grad(scores, classes)))

# %% [markdown]
# One trap stays open there: `F.mse_loss` broadcasts a column against a row. It warns, and goes on
# with nine pairs.

# %%
import warnings

row = torch.tensor([1.0, 2.0, 3.0])
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = F.mse_loss(row[:, None], row)  # each prediction equals its own target
print(f"loss: {loss.item():.2f}, warnings: {len(caught)}")

# %% [markdown]
# ## Reflect
#
# **Exercise 3.9.** Somebody doubles every logit of a trained classifier. Its accuracy on held-out
# images stays at exactly 95 %, and its cross-entropy *rises* from 0.20 to 0.35. How can that be?
# What happens to the examples that were right, and to those that were wrong? And what does it tell
# you about the classifier's confidence? Three to six sentences.

# %% [markdown] exercise="loss.reflection"
# Doubling does not change which score is the largest, so every decision stays, and the accuracy
# with it. But all probabilities move towards 0 and 1. An image that was right costs less than
# before; it cost little already, and can only fall to 0. An image that was surely wrong costs about
# twice as much, since there the loss is about as large as the gap between the scores. Here the 5 %
# that are wrong lose more than the 95 % gain, so the mean rises. The classifier is too sure of
# itself now: its probabilities promise more than its answers keep. Accuracy cannot see that;
# cross-entropy can.

# %% [markdown]
# ## Go further
#
# - Divide all logits of the trained digits by a temperature $T$ and plot the held-out loss over
#   $T$. Where is the lowest point, and what does it say about the confidence?
# - Mean and median: which constant prediction minimises the mean squared error of `[1, 2, 3, 4, 90]`,
#   and which the mean *absolute* error? Try all constants.
# - Train the ten units with the hinge loss instead (each digit against the rest). Derive its slope
#   first: it is $-y$ or 0.

# %% [markdown]
# ## Recap
#
# - A **loss** says what a prediction costs; training lowers its mean over the data. Unlike a count
#   of mistakes it has a slope.
# - Squared error is the negative log-likelihood of a bell curve, **cross-entropy** that of a class.
#   **Hinge** asks for a margin and is then content.
# - Work from **logits**, through log-sum-exp. An untrained classifier costs $\log k$. The slope is
#   *what was said minus what was true*, $p - t$, over the batch.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - C. F. Gauss (1809). *Theoria motus corporum coelestium.* Perthes and Besser.
# - C. E. Shannon (1948). *A mathematical theory of communication.* Bell System Technical Journal 27,
#   379-423 and 623-656.
# - V. Vapnik (1992). *Principles of risk minimization for learning theory.* NIPS 4, 831-838.
# - C. Cortes, V. Vapnik (1995). *Support-vector networks.* Machine Learning 20, 273-297.
# - I. Goodfellow, Y. Bengio, A. Courville (2016). *Deep Learning*, chapters 5.5 and 6.2. MIT Press.
# - A. Karpathy (2019). *A recipe for training neural networks.* karpathy.github.io.
# - Lesson order and notation follow MIT 6.S191, *Introduction to Deep Learning*, lecture 1.
# - Data: Fisher's irises (1936) and the UCI handwritten digits (Alpaydin and Kaynak 1998), as
#   shipped with scikit-learn.
