# %% [markdown]
# # Lesson 2 · Activations
#
# **Which way should a weight move?**
#
# A unit that cuts its score with a step cannot say. You will give units a slope, learn what slopes
# do in a deep stack of layers, and how to start such a stack so that a signal gets through.
#
# About 80 minutes. You need lesson 1, derivatives, and the chain rule for two functions.

# %%
import math
from itertools import pairwise

import numpy as np

from course_lib import viz
from course_lib.perceptron import step
from grader import borrow, check, hint, progress

# %% [markdown]
# ## 1 · The step gives no advice
#
# At the end of lesson 1 we solved XOR with two layers whose weights we chose by hand. Here is such
# a net again. One thing is new: a unit now answers 0 or 1 instead of -1 or +1.


# %%
def hard_step(z):
    """1 where the score is 0 or more, else 0."""
    return (step(z) + 1) / 2


def two_layers(X, params, activation):
    """Two hidden units and an output unit; params are 4 + 2 + 2 + 1 numbers."""
    W, b, v, c = params[:4].reshape(2, 2), params[4:6], params[6:8], params[8]
    hidden = activation(X @ W.T + b)
    return activation(hidden @ v + c)


# %% [markdown]
# To *learn* the nine numbers, we would like to know for each: is the net better if it grows a
# little, or worse? So nudge them, one after the other, and look at the four answers.

# %%
corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
differ = np.array([0, 1, 1, 0])
by_hand = np.array([4.0, 4.0, -4.0, -4.0, 4.0, 4.0, 8.0, 8.0, -12.0])


# %%
def nudges_that_count(activation, size=0.01):
    """How many of the nine numbers change an answer when they grow by `size`."""
    before = two_layers(corners, by_hand, activation)
    after = [two_layers(corners, by_hand + size * one, activation) for one in np.eye(9)]
    return sum(bool(np.any(answers != before)) for answers in after)


print(f"the net solves XOR: {np.array_equal(two_layers(corners, by_hand, hard_step), differ)}")
print(f"nudges that change an answer: {nudges_that_count(hard_step)} of 9")

# %% [markdown]
# Nothing happens at all. Take the first weight through a wide range instead, and watch how far the
# answers are from right.


# %%
def average_miss(activation):
    """The average distance from the four labels, as a function of the first weight."""

    def miss(weights):
        nets = [np.array([w, *by_hand[1:]]) for w in weights]
        return [np.abs(two_layers(corners, net, activation) - differ).mean() for net in nets]

    return miss


# %%
viz.function_curves(
    {"with steps": average_miss(hard_step)},
    span=(-10.0, 10.0),
    title="A staircase: on each stair, no direction is better than another",
    xlabel="first weight",
    ylabel="average miss",
)

# %% [markdown]
# Somebody who stands on a stair sees level ground. Whoever wants to walk downhill needs a slope.

# %% [markdown]
# ## 2 · A step with a slope
#
# Soften the step: let the answer rise from 0 to 1 *gradually*. The **sigmoid** does that,
#
# $$\sigma(z) = \frac{1}{1 + e^{-z}}$$
#
# It is 0.5 at $z = 0$, close to 1 for large $z$, close to 0 for very negative $z$. A function that
# turns a unit's score into its answer is called its **activation function**; the answer is its
# **activation**.

# %% [markdown]
# The formula hides a trap. Try it on two large scores:

# %%
with np.errstate(over="ignore"):
    print("exp(1000) =", np.exp(1000.0), "  and in float32, exp(100) =", np.exp(np.float32(100)))

# %% [markdown]
# The exponential **overflows**: the number is too large for the machine, which writes `inf` and
# warns. Other formulas then make `inf / inf`, which is `nan`, "not a number", and one nan spoils
# everything it touches. But $e^{-z}$ has a twin for negative $z$:
#
# $$\frac{1}{1 + e^{-z}} = \frac{e^{z}}{1 + e^{z}}$$
#
# (multiply above and below by $e^z$). Which of the two is harmless where?

# %% [markdown]
# **Exercise 2.1.** Write the sigmoid for arrays of any shape. It must be right for scores in the
# thousands too, in float64 and float32, and NumPy must not have to warn of an overflow on the way.
#
# Worked case: `[0, ln 3]` gives `[0.5, 0.75]`. The hard case: `[-1000, 1000]` gives `[0, 1]`.


# %% exercise="activations.sigmoid"
def sigmoid(z):
    """Squash any number into (0, 1): 1 / (1 + exp(-z))."""
    e = np.exp(-np.abs(z))  # at most 1, whatever z is
    return np.where(z >= 0, 1, e) / (1 + e)


# %% [markdown]
# Now the same net, the same nine numbers, with *your* sigmoid in place of the step.

# %%
answers = two_layers(corners, by_hand, sigmoid)
print(f"the answers, rounded: {answers.round(2)}")
print(f"nudges that change an answer: {nudges_that_count(sigmoid)} of 9")

# %%
viz.function_curves(
    {"with steps": average_miss(hard_step), "with sigmoids": average_miss(sigmoid)},
    span=(-10.0, 10.0),
    title="With sigmoids the staircase becomes a valley: its sides show the way down",
    xlabel="first weight",
    ylabel="average miss",
)

# %% [markdown]
# Every nudge counts now. On the sides of the valley you can tell which way is down. (Far to the left
# it is nearly level again. Keep that in mind.) Lesson 3 says what to measure, lesson 4 how to find
# all slopes at once, lesson 6 how to walk. First the slope of a single unit.

# %% [markdown]
# ## 3 · The slope of the sigmoid
#
# Write $\sigma(z) = 1/u$ with $u = 1 + e^{-z}$. The derivative of $1/u$ is $-1/u^2$, and that of
# $u$ is $-e^{-z}$. By the chain rule they multiply:
#
# $$\sigma'(z) = \frac{e^{-z}}{(1 + e^{-z})^2} = \underbrace{\frac{1}{1 + e^{-z}}}_{s}
# \cdot \underbrace{\frac{e^{-z}}{1 + e^{-z}}}_{1 - s}$$

# %% [markdown]
# So the slope needs only the output $s$: it is $s\,(1 - s)$. Mind the difference! The *formula* is
# in terms of the output $s$; the *function* you write gets the input $z$.
#
# **Exercise 2.2.** Return the slope of the sigmoid at each `z`, again for scores of any size.
#
# Worked case: at `z = 0`, $s = 0.5$ and the slope is 0.25. The check measures the true slope by a
# small step to either side and tells you where yours is farthest off.


# %% exercise="activations.sigmoid_grad"
def sigmoid_grad(z):
    """The slope of the sigmoid at z."""
    s = sigmoid(z)
    return s * (1 - s)


# %% [markdown]
# ### From soft to hard
#
# How steep should the step be? $\sigma(kz)$ has a **sharpness** $k$. Move the slider. What happens
# to the slope, at 0 and away from it, as the soft step becomes a hard one?


# %%
def sharp(k):
    """The sigmoid with sharpness k, and by the chain rule its slope."""
    return (lambda z: sigmoid(k * z)), (lambda z: k * sigmoid_grad(k * z))


# %%
shapes = []
for k in [0.5, 1, 1.5, 2, 3, 4, 6, 8, 12]:
    value, slope = sharp(k)
    shape = viz.function_curves(
        {"σ(kz)": value, "hard step": hard_step},
        derivatives={"σ(kz)": slope},
        title="The sharper the step, the narrower the place that has a slope",
    )
    shapes.append(shape)

# %%
viz.stepper(
    shapes, ["0.5", "1", "1.5", "2", "3", "4", "6", "8", "12"], control="sharpness k", start=1
)

# %% [markdown]
# The hard step is the end of this road: infinitely steep at one point, level everywhere else. A
# unit whose score lies far out on the level part is called **saturated**: it has made up its mind,
# and nudging its weights hardly moves it. (That was the level ground on the left of the valley.)

# %% [markdown]
# ## 4 · Could we do without?
#
# If slopes are all that matters, why not leave the activation out? The score itself has a slope
# everywhere. Let layers compute $Wx + b$ and nothing else, and stack many of them for power.
#
# Put the first layer into the second: $W_2\,(W_1 x + b_1) + b_2$. Multiply out before you go on.

# %% [markdown]
# **Exercise 2.3.** Given a list of layers `(W, b)`, return the *one* pair `(W, b)` that does the
# same as all of them together. `W` has one row per output and one column per input, as in lesson 1;
# the first layer of the list comes first.
#
# Worked case: `W = [[2]]`, `b = [1]`, then `W = [[3]]`, `b = [-4]` give `W = [[6]]`, `b = [-1]`.


# %% exercise="activations.collapse"
def collapse(layers):
    """The one layer (W, b) that does the same as all these layers, one after the other."""
    W, b = layers[0]
    for W_next, b_next in layers[1:]:
        W, b = W_next @ W, W_next @ b + b_next
    return W, b


# %% [markdown]
# Ten layers of different widths, almost a thousand numbers in all, and what is left of them:

# %%
rng = np.random.default_rng(0)
widths = [2, 9, 14, 6, 12, 17, 5, 11, 8, 13, 1]
stack = [(rng.normal(size=(m, n)) / np.sqrt(n), rng.normal(size=m)) for n, m in pairwise(widths)]
points = rng.normal(size=(100, 2))
signal = points
for W, b in stack:
    signal = signal @ W.T + b

# %%
W, b = collapse(stack)
print(f"numbers in ten layers: {sum(W.size + b.size for W, b in stack)}")
print(f"numbers in the one:    {W.size + b.size}")
print(f"same answers for 100 points: {np.allclose(signal, points @ W.T + b)}")

# %% [markdown]
# **Stacked linear layers collapse into one.** Three numbers, so one straight line: such a net fails
# on XOR like a single unit, however deep it is. The bend between layers is what depth is made of.
# Here is a small stack, once without and once with a bend:


# %%
def through(stack, activation):
    """One input, one output, and the activation after every layer but the last."""

    def net(z):
        signal = z[:, None]
        for W, b in stack[:-1]:
            signal = activation(signal @ W.T + b)
        W, b = stack[-1]
        return (signal @ W.T + b)[:, 0]

    return net


# %%
small = [(rng.normal(size=(m, n)), rng.normal(size=m)) for n, m in [(1, 6), (6, 6), (6, 1)]]
viz.function_curves(
    {"nothing between": through(small, lambda z: z / 3), "tanh between": through(small, np.tanh)},
    title="Without a bend between the layers, three of them draw a straight line",
    xlabel="input",
    ylabel="output",
)

# %% [markdown]
# ## 5 · Other bends
#
# The sigmoid has two drawbacks. Its slope is never more than 0.25, and its answers are never
# negative, so they are not centred on 0. **Tanh** cures both: it is a sigmoid twice as steep,
# stretched to run from -1 to 1,
#
# $$\tanh(z) = 2\,\sigma(2z) - 1$$

# %% [markdown]
# Its slope, with $s = \sigma(2z)$: the height brings a factor of 2, and the chain rule brings another
# for the inner $2z$, so it is $4 s (1 - s)$. Put $s = (1 + t)/2$ and $1 - s = (1 - t)/2$ with
# $t = \tanh(z)$:
#
# $$\tanh'(z) = (1 + t)(1 - t) = 1 - t^2$$
#
# At 0 that is 1. But far out tanh saturates as well.

# %% [markdown]
# **ReLU** ("rectified linear unit", Nair and Hinton 2010) never saturates on the right: it lets
# positive scores pass and makes the others 0, $\max(z, 0)$. **Leaky ReLU** (Maas and others 2013)
# lets a little through on the left too: $a z$ for negative $z$, with a small `negative_slope` $a$.
#
# Both have a **kink** at 0, where no slope is right. One has to be chosen; PyTorch takes the one of
# the left side, and so do we.

# %% [markdown]
# **Exercise 2.4.** Write a class for all three. `Activation(name)` is made with `"tanh"`, `"relu"` or
# `"leaky_relu"`; calling it gives the value, and its method `slope` the derivative, both at the
# *input* `z`, an array of any shape. You may use `np.tanh`.
#
# Worked cases: the slope of ReLU at `[-2, 0, 3]` is `[0, 0, 1]`; that of
# `Activation("leaky_relu", negative_slope=0.2)` is `[0.2, 0.2, 1]`.


# %% exercise="activations.activation"
class Activation:
    """One of three activation functions, by name."""

    def __init__(self, name, negative_slope=0.01):
        self.name, self.negative_slope = name, negative_slope

    def __call__(self, z):
        """The value at z."""
        ### BEGIN SOLUTION
        if self.name == "tanh":
            return np.tanh(z)
        leak = 0.0 if self.name == "relu" else self.negative_slope
        return np.where(z > 0, z, leak * z)
        ### END SOLUTION

    def slope(self, z):
        """The derivative at z."""
        ### BEGIN SOLUTION
        if self.name == "tanh":
            return 1 - np.tanh(z) ** 2
        leak = 0.0 if self.name == "relu" else self.negative_slope
        return np.where(z > 0, 1.0, leak)
        ### END SOLUTION


# %%
tanh, relu = Activation("tanh"), Activation("relu")
leaky = Activation("leaky_relu", negative_slope=0.2)
family = {"tanh": tanh, "ReLU": relu, "leaky ReLU": leaky}

# %%
viz.function_curves(
    family,
    derivatives={name: activation.slope for name, activation in family.items()},
    title="Tanh is flat at both ends, ReLU at one, leaky ReLU nowhere",
)

# %% [markdown]
# ### A bend without a kink
#
# **GELU** (Hendrycks and Gimpel 2016) asks: how likely is a random number, drawn from the standard
# bell curve, to be smaller than $z$? That chance is called $\Phi(z)$; multiply $z$ by it. Large $z$
# pass nearly whole, very negative ones hardly at all. GPT-2 and many other transformers use it.
#
# $$\text{GELU}(z) = z\,\Phi(z), \qquad
# \Phi(z) = \frac{1}{2}\Big(1 + \text{erf}\big(z / \sqrt{2}\big)\Big)$$

# %% [markdown]
# `erf`, the error function, is not in NumPy. Python's `math.erf` takes one number; `np.vectorize`
# makes it take arrays, one number after the other.

# %%
erf = np.vectorize(math.erf, otypes=[float])
erf(np.array([-1.0, 0.0, 1.0])).round(4)

# %% [markdown]
# **Exercise 2.5.** Write GELU in its exact form, with `erf`, for arrays of any shape.
#
# Worked case: `gelu([-1, 0, 1])` is about `[-0.1587, 0, 0.8413]`. The hard case: with $z = -1000$ it
# is 0, or -0.


# %% exercise="activations.gelu"
def gelu(z):
    """Weigh z by the chance that a standard normal number is smaller."""
    chance = (1 + erf(z / math.sqrt(2))) / 2
    return z * chance


# %% [markdown]
# For speed, the authors also gave a formula that needs only tanh. The published code of GPT-2
# (Radford and others 2019) uses it, and so do models made from it. Is it the same function?


# %%
def gelu_tanh(z):
    """The authors' approximation."""
    inner = math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)
    return z * (1 + np.tanh(inner)) / 2


def gelu_grad(z):
    """By the product rule: Phi(z), plus z times the height of the bell curve at z."""
    height = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return (1 + erf(z / math.sqrt(2))) / 2 + z * height


# %%
z = np.linspace(-6, 6, 1201)
print(f"largest difference of the two forms: {np.abs(gelu(z) - gelu_tanh(z)).max():.5f}")
measured = (gelu(z + 1e-5) - gelu(z - 1e-5)) / 2e-5
print(f"gelu_grad is the slope of gelu: {np.allclose(gelu_grad(z), measured, atol=1e-8)}")

# %%
viz.function_curves(
    {"GELU": gelu, "ReLU": relu},
    derivatives={"GELU": gelu_grad, "ReLU": relu.slope},
    title="GELU follows ReLU far out, dips below 0 on the left, and has no kink",
)

# %% [markdown]
# A difference of 0.0005 can't be seen, but a test can: weights trained with one form and run with
# the other give other numbers. When you load somebody's model, look up which form it uses.

# %% [markdown]
# ## 6 · Many classes: softmax
#
# One sigmoid answers a yes-or-no question. Ten digits need ten answers that compete. Give each class
# a score, take exponentials (they are positive), and divide by their sum. That is the **softmax**
# (Bridle 1990), and the results are probabilities:
#
# $$p_i = \frac{e^{z_i}}{e^{z_1} + \dots + e^{z_n}}$$

# %% [markdown]
# Again the exponentials overflow, and again there is a way out: add the same number to all scores,
# and above and below get the same factor, so nothing changes. Only *differences* of scores count.
# You may therefore shift them. By how much, so that no exponent is above 0?

# %% [markdown]
# **Exercise 2.6.** Turn each row of scores into probabilities: along the last axis, for one row, a
# batch of rows, or more axes. No overflow, also in float32.
#
# Worked case: `[0, ln 3]` gives `[0.25, 0.75]`; in `[[0, ln 3], [5, 5]]` each row has a sum of its
# own, so the second becomes `[0.5, 0.5]`. Yours must also survive `[2000, 0]`.


# %% exercise="activations.softmax"
def softmax(z):
    """Turn the scores along the last axis into probabilities."""
    shifted = z - z.max(axis=-1, keepdims=True)
    e = np.exp(shifted)
    return e / e.sum(axis=-1, keepdims=True)


# %% [markdown]
# ### Soft and hard choices
#
# Divide the scores by a **temperature** $T$ before the softmax. Which way makes the choice harder?
# Guess, then move the slider. (Lesson 8 writes text with it.)

# %%
scores = {"cat": 2.0, "dog": 1.2, "bird": 0.5, "fish": 0.0}
temperatures = [0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 20.0]
bars = []
for T in temperatures:
    p = softmax(np.array(list(scores.values())) / T).round(3)
    chart = viz.bar_comparison(
        dict(zip(scores, p)),
        title="Cold: the winner takes all. Hot: everyone gets the same",
        xlabel="probability",
    )
    bars.append(chart)

# %%
viz.stepper(bars, [f"{T:g}" for T in temperatures], control="temperature T", start=5)

# %% [markdown]
# ### A slope for every pair
#
# Raise one score, and *all* probabilities change: what one gains the others lose. So softmax has a
# derivative for each pair, $\partial p_i / \partial z_j$, a table called the **Jacobian**:
#
# $$\frac{\partial p_i}{\partial z_j} = \begin{cases} p_i (1 - p_i) & i = j \\ -p_i\, p_j & i \neq j
# \end{cases}$$
#
# The diagonal is an old acquaintance: $s\,(1 - s)$.

# %%
z = np.array(list(scores.values()))
p = softmax(z)
jacobian = np.diag(p) - np.outer(p, p)
nudged = [(softmax(z + h) - softmax(z - h)) / 2e-5 for h in 1e-5 * np.eye(4)]
print(f"the formula agrees with small steps: {np.allclose(jacobian, np.stack(nudged, axis=1))}")
print(f"every column adds up to 0: {np.allclose(jacobian.sum(axis=0), 0)}")

# %%
viz.heat_map(
    jacobian,
    title="A higher score takes probability from all others",
    row_names=list(scores),
    column_names=list(scores),
    ylabel="probability of",
    xlabel="score of",
    value_label="slope",
    numbers=True,
    signed=True,
)

# %% [markdown]
# ## 7 · Into the depth
#
# One unit is understood. Now stack ten layers of 100 tanh units. Nobody knows good weights yet, so
# they start at random. We send 200 random examples through and keep what each layer answers.


# %%
def activations_by_layer(X, weights, activation, bias=0.0):
    """What every layer answers, from the first to the last."""
    layers = []
    for W in weights:
        X = activation(X @ W.T + bias)
        layers.append(X)
    return layers


def some_of(layers):
    """The first, second, fifth and tenth layer, by name."""
    return {f"layer {k}": layers[k - 1] for k in (1, 2, 5, 10)}


# %%
rng = np.random.default_rng(2)
examples = rng.normal(size=(200, 100))
unit_weights = [rng.normal(size=(100, 100)) for _ in range(10)]

# %% [markdown]
# **Exercise 2.7, a prediction.** Inputs and weights are drawn from the standard bell curve (standard
# deviation 1). What do the activations of the tenth tanh layer look like?
#
# - **a** · A bell around 0: bell-shaped in, bell-shaped out.
# - **b** · Nearly all are close to 0: tanh makes every number smaller, ten times over.
# - **c** · Nearly all are close to -1 or +1.
# - **d** · They are spread evenly between -1 and 1.
# - **e** · They overflow: ten layers of products are too much.
#
# Commit yourself first, then look.

# %% exercise="activations.depth_prediction"
# stub: prediction = None  # "a", "b", "c", "d" or "e"
prediction = "c"

# %%
layers = activations_by_layer(examples, unit_weights, tanh)
flat = [np.mean(tanh.slope(examples @ unit_weights[0].T) < 0.05)]
flat += [np.mean(tanh.slope(h @ W.T) < 0.05) for h, W in zip(layers, unit_weights[1:])]
print(f"slope below 0.05: {min(flat):.0%} or more of the units, in every layer")

# %%
viz.histograms_by_layer(
    some_of(layers),
    title="Weights too large: in every layer most units are saturated",
    span=(-1.0, 1.0),
    saturated=0.97,
)

# %% [markdown]
# A score adds up 100 products, each of size 1 or so. Their standard deviation is $\sqrt{100} = 10$,
# and $\tanh(10)$ is 1 for all practical purposes. These units have made up their minds before any
# learning began.
#
# So take much smaller weights?

# %%
tiny_weights = [0.01 * W for W in unit_weights]
layers = activations_by_layer(examples, tiny_weights, tanh)
print(f"typical activation in layer 1: {layers[0].std():.1g}, in layer 10: {layers[9].std():.1g}")

# %%
viz.histograms_by_layer(
    some_of(layers),
    title="Weights too small: the signal is gone after a few layers",
    span=(-0.3, 0.3),
)

# %% [markdown]
# Each layer makes the signal ten times smaller. Slopes are fine here (all near 1), but there is
# nothing left to work with: whatever comes in, the last layer says 0.

# %% [markdown]
# ### Just right
#
# Between the two there is a size that keeps the signal. A score $z = w_1 x_1 + \dots + w_n x_n$ is a
# sum of $n$ independent products with mean 0, so their variances add:
#
# $$\text{var}(z) = n \cdot \text{var}(w) \cdot \overline{x^2}$$
#
# where $\overline{x^2}$ is the mean square of the inputs. With $\text{var}(w) = 1/n$ the score is as
# large as the inputs. The number $n$ of inputs of a unit is called its **fan-in**.

# %%
good_weights = [W / np.sqrt(100) for W in unit_weights]
layers = activations_by_layer(examples, good_weights, tanh)

# %%
viz.histograms_by_layer(
    some_of(layers),
    title="Variance 1 / fan-in: alive in all ten layers",
    span=(-1.0, 1.0),
    saturated=0.97,
)

# %% [markdown]
# ## 8 · What gets through
#
# A weight of the first layer matters only if its nudge reaches the last. On the way it is multiplied
# by the slope of *every* unit it passes. We nudge the inputs by very little, at that good size of the
# weights, and measure how much of the nudge arrives in each layer.


# %%
def nudge_by_layer(weights, activation):
    """How large a tiny random nudge of the inputs still is in each layer, as a share."""
    nudge = 1e-6 * np.random.default_rng(3).normal(size=examples.shape)
    before = activations_by_layer(examples, weights, activation)
    after = activations_by_layer(examples + nudge, weights, activation)
    return [np.linalg.norm(b - a) / np.linalg.norm(nudge) for a, b in zip(before, after)]


arrives = {"sigmoid": nudge_by_layer(good_weights, sigmoid)}
arrives |= {name: nudge_by_layer(good_weights, f) for name, f in family.items()}

# %%
viz.loss_curves(
    arrives,
    title="Through ten sigmoid layers, less than a millionth of a nudge arrives",
    xlabel="layer",
    ylabel="share of the nudge",
    log=True,
)

# %% [markdown]
# A slope of at most 0.25 in each of ten layers leaves $0.25^{10}$ at best, about a millionth: one
# reason why hidden layers rarely have sigmoids today (Glorot and Bengio 2010). Tanh holds up well.
# ReLU does better than the sigmoid, but it fades too. It needs larger weights.

# %% [markdown]
# ReLU sets half of the scores to 0. If scores are as often positive as negative, what happens to the
# mean square $\overline{x^2}$ that is passed on? And which variance of the weights makes up for it?
# (He and others asked that in 2015.)
#
# **Exercise 2.8.** Draw the weights of a layer that is followed by ReLU, such that the signal keeps
# its size from layer to layer. Return an array with `fan_out` rows (one per unit) and `fan_in`
# columns, drawn from the generator `rng`, centred on 0.


# %% exercise="activations.starting_weights"
def starting_weights(rng, fan_in, fan_out):
    """Random weights, of a size that keeps a signal alive through ReLU."""
    return rng.normal(0.0, math.sqrt(2 / fan_in), size=(fan_out, fan_in))


# %% [markdown]
# Thirty ReLU layers with your weights, and with weights a little smaller and a little larger than
# yours:

# %%
rng = np.random.default_rng(4)
yours = [starting_weights(rng, 100, 100) for _ in range(30)]
sizes = {}
for name, factor in [("yours", 1.0), ("a third smaller", 2 / 3), ("a third larger", 4 / 3)]:
    layers = activations_by_layer(examples, [factor * W for W in yours], relu)
    sizes[name] = [np.sqrt(np.mean(h**2)) for h in layers]

# %%
viz.loss_curves(
    sizes,
    title="A third off in every layer: after thirty, the signal explodes or is gone",
    xlabel="layer",
    ylabel="root mean square of the activations",
    log=True,
)

# %% [markdown]
# Depth multiplies. What is off by a third in one layer is off by $(4/3)^{30} \approx 5600$ in thirty.

# %% [markdown]
# ### Units that died
#
# A ReLU has another way to be lost. If its score is negative for *every* example, it answers 0 to
# everything and its slope is 0 everywhere: a **dead unit**. No nudge of its weights is felt. A bias
# that is too negative is enough. Here all biases are -0.5:

# %%
layers = activations_by_layer(examples, yours[:10], relu, bias=-0.5)
leaking = activations_by_layer(examples, yours[:10], leaky, bias=-0.5)
dead = [int(np.sum(np.all(h == 0, axis=0))) for h in layers]
print("dead units among 100, layer by layer:", dead)
for name, last in [("ReLU", layers[-1]), ("leaky ReLU", leaking[-1])]:
    print(f"activations of layer 10 that are not 0, {name}: {np.mean(last != 0):.0%}")

# %%
viz.histograms_by_layer(
    {f"layer {k}": layers[k - 1] for k in (1, 2, 3, 4)},
    title="With biases of -0.5, every layer passes on less, until nothing is left",
    zeros=True,
)

# %% [markdown]
# Dead units feed zeros to the next layer, which kills more. A leaky ReLU never has slope 0: a nudge
# is always felt, so its units can recover. With plain ReLU, start with biases of 0 and take care with
# the size of the steps.

# %% [markdown]
# ## 9 · In PyTorch
#
# The same functions in the library that you will meet in lesson 5 and after. Its **autograd** finds
# slopes by itself: lesson 4 builds such a machine. Do they agree with yours?

# %%
import torch
import torch.nn.functional as F

z = np.array([-2.5, -0.3, 0.0, 0.7, 3.0])
theirs = {"sigmoid": F.sigmoid, "tanh": F.tanh, "relu": F.relu, "gelu": F.gelu}
ours = {"sigmoid": (sigmoid, sigmoid_grad), "tanh": (tanh, tanh.slope)}
ours |= {"relu": (relu, relu.slope), "gelu": (gelu, gelu_grad)}
for name, (value, slope) in ours.items():
    x = torch.tensor(z, requires_grad=True)
    y = theirs[name](x)
    y.sum().backward()  # the slope of each entry, in x.grad
    same = np.allclose(value(z), y.detach()), np.allclose(slope(z), x.grad)
    print(f"{name:8} same value: {same[0]}, same slope: {same[1]}")

# %% [markdown]
# Softmax wants to be told its axis (`dim`), GELU its form; and `kaiming_normal_` draws weights by the
# rule that you found (Kaiming is He's given name).

# %%
rows = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]], dtype=torch.float64)
print("softmax: ", np.allclose(softmax(rows.numpy()), F.softmax(rows, dim=-1)))
print("tanh form:", np.allclose(gelu_tanh(z), F.gelu(torch.tensor(z), approximate="tanh")))
torch.manual_seed(0)
W = torch.nn.init.kaiming_normal_(torch.empty(300, 200), nonlinearity="relu")
print(f"standard deviation: {W.std():.2f}; by your rule {math.sqrt(2 / 200):.2f}")

# %% [markdown]
# ## Reflect
#
# **Exercise 2.9.** A friend stacks 20 layers of sigmoid units, 100 wide, with weights of variance
# 1 / fan-in. "All is well: from the second layer on, all activations lie between 0.1 and 0.9, so no
# unit is saturated. But if I nudge a weight of the first layer, the output does not move." Explain
# why, and suggest two different cures. Three to six sentences.

# %% [markdown] exercise="activations.reflection"
# A nudge in the first layer has to pass through every later layer, and in each it is multiplied by
# the slope of the units it passes. A sigmoid's slope is 0.25 at most, even in its middle, so no unit
# needs to be saturated for this: twenty such factors leave about 1e-12. One cure is an activation
# with slope 1, ReLU for instance, with weights of variance 2 / fan-in so that the half it cuts off is
# made up for. Another is tanh, whose slope is 1 around 0, with variance 1 / fan-in; or fewer layers.

# %% [markdown]
# ## Go further
#
# - Try the sigmoid with larger weights in section 8: which factor lets most of the nudge through?
#   What do its histograms look like then?
# - Invent an activation of your own, with its slope, and put it through all the figures of this
#   lesson. What would you want of one?
# - Draw inputs that are all positive. What becomes of the first layer's scores, and why do people
#   centre their data?

# %% [markdown]
# ## Recap
#
# - A step has no slope, so it cannot say which way a weight should move. **Sigmoid, tanh, ReLU, leaky
#   ReLU, GELU** can; without such a bend, layers **collapse** into one.
# - Exponentials **overflow**: rewrite the formula, or shift by the maximum, as in **softmax**.
# - In depth, slopes and sizes multiply. Units **saturate** or **die**; weights of variance 1 / fan-in
#   (tanh) or 2 / fan-in (ReLU) keep the signal alive.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - V. Nair, G. E. Hinton (2010). *Rectified linear units improve restricted Boltzmann machines.*
# - A. L. Maas, A. Y. Hannun, A. Y. Ng (2013). *Rectifier nonlinearities improve acoustic models.*
# - D. Hendrycks, K. Gimpel (2016). *Gaussian error linear units.* arXiv:1606.08415.
# - J. S. Bridle (1990). *Probabilistic interpretation of feedforward classification outputs.*
# - X. Glorot, Y. Bengio (2010). *Understanding the difficulty of training deep networks*: the
#   histograms by layer are their idea.
# - K. He and others (2015). *Delving deep into rectifiers.*
# - A. Radford and others (2019). *Language models are unsupervised multitask learners.*
# - Order of ideas: MIT 6.S191, *Introduction to Deep Learning*, lecture 1; A. Karpathy, *Zero to
#   Hero*, part 4.
