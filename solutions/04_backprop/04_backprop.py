# %% [markdown]
# # Lesson 4 · Backpropagation
#
# **How can one pass backwards find the slope of the loss for every weight of a network at once?**
#
# You will build an engine that takes derivatives: numbers that remember how they were made, and a
# walk back through that memory. A network made of them learns two moons. The whole engine has fewer
# than a hundred lines, and takes derivatives as PyTorch does.
#
# About 90 minutes. You need school calculus, and the losses of lesson 3.

# %%
import math
import random
import time

import numpy as np

from course_lib import data, viz
from grader import borrow, check, hint, progress

# %% [markdown]
# ## 1 · Two layers by hand, and how it fails
#
# In lesson 3 you derived the gradient of a loss for one layer. Let us do two: two inputs, two tanh
# units, one output, a squared error. That is nine parameters, in one list `p`: weight, weight and
# bias of each hidden unit, then of the output.

# %%
x, target = (1.5, -0.5), 1.0


def two_layer_loss(p):
    """Squared error on the one example."""
    h0 = math.tanh(p[0] * x[0] + p[1] * x[1] + p[2])
    h1 = math.tanh(p[3] * x[0] + p[4] * x[1] + p[5])
    return (p[6] * h0 + p[7] * h1 + p[8] - target) ** 2


# %% [markdown]
# Somebody sat down with the chain rule, and derived all nine slopes on paper. One slip is in it. Can
# you see it?


# %%
def gradient_by_hand(p):
    """The nine slopes of the loss, as derived on paper."""
    h0 = math.tanh(p[0] * x[0] + p[1] * x[1] + p[2])
    h1 = math.tanh(p[3] * x[0] + p[4] * x[1] + p[5])
    error = 2 * (p[6] * h0 + p[7] * h1 + p[8] - target)
    d0 = error * p[6] * (1 - h0**2)
    d1 = error * p[6] * (1 - h1**2)
    hidden = [d0 * x[0], d0 * x[1], d0, d1 * x[0], d1 * x[1], d1]
    return [*hidden, error * h0, error * h1, error]


# %% [markdown]
# A gradient points uphill, so a small step against it must lower the loss. Does it? First with all
# nine slopes, then with the hidden units' weights alone.

# %%
start = [0.4, -0.3, 0.1, 0.2, 0.5, -0.2, 0.3, -0.9, -0.5]
slopes_by_hand = gradient_by_hand(start)
for name, moved in [("all nine", range(9)), ("hidden units only", range(6))]:
    stepped = [
        w - 0.02 * s if i in moved else w for i, (w, s) in enumerate(zip(start, slopes_by_hand))
    ]
    print(f"{name}: loss {two_layer_loss(start):.2f} -> {two_layer_loss(stepped):.2f}")

# %% [markdown]
# With all nine it falls, so training would seem to work. But the hidden layer on its own goes
# *uphill*. That is the danger of a wrong gradient: nothing crashes, the net learns a little
# worse, and nobody knows why. And that was only nine parameters.

# %% [markdown]
# ### A slope without derivation
#
# What a slope *is* needs no calculus: nudge a number and see how the result moves. Nudge it both
# ways, by a small $h$, and divide by the way between:
#
# $$\frac{\partial f}{\partial x_i} \approx \frac{f(\dots, x_i + h, \dots) - f(\dots, x_i - h, \dots)}{2h}$$

# %% [markdown]
# **Exercise 4.1.** Do this for each entry of a list `x`, and return the list of slopes. `f` takes a
# list of numbers and returns one number.
#
# Worked case: $f(x) = x_0^2 x_1$ at `[1, 3]` with `h = 0.1` gives `[6, 1]`. The hard case: only one
# number moves at a time, and afterwards `x` is as it was.

# %% exercise="backprop.numerical_gradient"

# %% [markdown]
# Now hold the derivation against the nudges.

# %%
nudged = numerical_gradient(two_layer_loss, start)
wrong = [i for i in range(9) if abs(nudged[i] - slopes_by_hand[i]) > 1e-4]
print("slopes that do not agree:", wrong)

# %% [markdown]
# Entries 3, 4 and 5 belong to the second hidden unit. Its error comes back through the weight
# `p[7]`; the paper says `p[6]`. This comparison is called a **gradient check**, and it is worth more
# than any amount of staring.

# %% [markdown]
# ### How small is small?
#
# The nudge should be small, so that the curve is nearly straight. Is smaller always better? Here is
# the error of the slope of tanh at 0.5, for nudges from $10^{-1}$ down to $10^{-12}$.

# %%
true_slope = 1 - math.tanh(0.5) ** 2
nudges = [10.0**-k for k in range(1, 13)]
both = [numerical_gradient(lambda v: math.tanh(v[0]), [0.5], h)[0] for h in nudges]
ahead = [(math.tanh(0.5 + h) - math.tanh(0.5)) / h for h in nudges]
errors = {
    "ahead only": [abs(s - true_slope) + 1e-16 for s in ahead],
    "both ways": [abs(s - true_slope) + 1e-16 for s in both],
}

# %%
viz.loss_curves(
    {name: (nudges, values) for name, values in errors.items()},
    title="A large nudge misses the bend, a tiny one drowns in rounding",
    xlabel="nudge h",
    ylabel="error of the slope",
    log=True,
    log_x=True,
)

# %% [markdown]
# From the right, the error falls with $h$ (ahead only) or with $h^2$ (both ways). Then it rises
# again: a computer keeps about 16 digits, and the difference of two nearly equal numbers has few of
# them left. Around $10^{-5}$ both ways is best, so that is our default.

# %% [markdown]
# ### What it costs
#
# Each entry takes two calls of `f`, and for a network a call is a **forward pass** over the data.
# How many for one single gradient?

# %%
for count in (9, 337, 1_000_000):
    print(f"{count:>9,} parameters: {2 * count:>9,} forward passes for one step")

# %% [markdown]
# Right but slow, or fast but error-prone: neither will do. We want slopes that are exact, found by
# the machine, and all at the price of about one more pass.

# %% [markdown]
# ## 2 · Numbers that remember
#
# Every formula, however long, is made of small operations: a sum, a product, a tanh. The slope of
# *one* such operation is easy. So let each result remember what it was made from, its **parents**,
# and how fast it grows with each of them: its **local derivatives**.


# %% [markdown]
# In the class below, `data` is the number. `grad` will be the slope of the final result with respect
# to this number; we fill it in later. An input has no parents. `op` and `label` are for drawings.
#
# If $c = a + b$, and $a$ grows by a little, $c$ grows by as much: the local derivative is 1. If
# $c = a \cdot b$, it grows $b$ times as much.

# %% [markdown]
# **Exercise 4.2.** Write `+` and `*`. Each returns a new `Value(data, parents, local, op)`, in which
# `parents` is a tuple of the operands themselves and `local` a tuple of plain numbers, one for each
# parent.
#
# Worked case: for `a = Value(2.0)` and `b = Value(-3.0)`, the product has data `-6`, parents
# `(a, b)` and local derivatives `(-3, 2)`. The hard case: in `a * a` the parent appears twice.


# %% exercise="backprop.arithmetic"
class Value:
    """A number, the numbers it was made from, and the local derivative for each of them."""

    def __init__(self, data, parents=(), local=(), op="", label=""):
        self.data, self.grad = data, 0.0
        self.parents, self.local = parents, local
        self.op, self.label = op, label

    def __repr__(self):
        return f"Value({self.data:.4g}, grad {self.grad:.4g})"

    def __add__(self, other):
        ### BEGIN SOLUTION
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")
        ### END SOLUTION

    def __mul__(self, other):
        ### BEGIN SOLUTION
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")
        ### END SOLUTION


# %% [markdown]
# An expression is now a **graph**, built while Python computes it. Each arrow carries the local
# derivative. Follow one with your finger: what happens to `e` when `d` grows by 1?


# %%
def small_example():
    """Five numbers in the order in which they are made; the last one is the result."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a * b
    d = c + a
    e = d * c
    c.label, d.label, e.label = "c", "d", "e"
    return a, b, c, d, e


# %%
a, b, c, d, e = small_example()
viz.expression_graph(
    [a, b, c, d, e], title="Five numbers, and how fast each grows with its parents"
)

# %% [markdown]
# ### More operations
#
# A network needs a few more. All of these have one parent. You know their slopes from lesson 2;
# those of exp and tanh are cheapest in terms of the *result* $y$:
#
# $$(x^n)' = n\,x^{n-1} \qquad (e^x)' = y \qquad (\tanh x)' = 1 - y^2$$
#
# ReLU has slope 1 above 0, and 0 elsewhere.

# %% [markdown]
# **Exercise 4.3.** Write these four, as methods of a class `Functions`. The cell after the check
# joins it to `Value`, so each may take `self` for a Value and returns a new one. `n` is a plain
# number.
#
# Worked case: `Value(2.0) ** 3` has data `8` and local derivative `(12,)`. Mind the comma: a tuple
# of one needs it. The hard case: at exactly 0 the slope of ReLU counts as 0.


# %% exercise="backprop.functions"
class Functions:
    """What a Value can do besides + and *."""

    def __pow__(self, n):
        return Value(self.data**n, (self,), (n * self.data ** (n - 1),), f"**{n}")

    def exp(self):
        y = math.exp(self.data)
        return Value(y, (self,), (y,), "exp")

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y**2,), "tanh")

    def relu(self):
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),), "relu")


# %% [markdown]
# The rest comes for free: $a - b$ is $a + (-1) \cdot b$, and $a / b$ is $a \cdot b^{-1}$. The next
# cell joins everything to one class, and lets plain numbers stand on either side.


# %%
def as_value(number):
    """A Value as it is; a plain number as a Value without parents."""
    return number if hasattr(number, "parents") else Value(number)


# %%
class Value(Value):
    """Adds the functions, plain numbers, minus and division."""

    __pow__, exp, tanh, relu = Functions.__pow__, Functions.exp, Functions.tanh, Functions.relu

    def __add__(self, other):
        return super().__add__(as_value(other))

    def __mul__(self, other):
        return super().__mul__(as_value(other))

    __radd__, __rmul__ = __add__, __mul__

    def __sub__(self, other):
        return self + as_value(other) * -1.0

    def __rsub__(self, other):
        return as_value(other) + self * -1.0

    def __truediv__(self, other):
        return self * as_value(other) ** -1.0


# %% [markdown]
# ## 3 · The chain rule
#
# If $e$ grows 3 times as fast as $d$, and $d$ grows 2 times as fast as $c$, then $e$ grows 6 times as
# fast as $c$. Along one way through the graph, **multiply** the local derivatives. That is the whole
# chain rule. But what if several ways lead to the result?

# %% [markdown]
# **Exercise 4.4, a prediction.** Let `a = 3`, `b = a * a`, `c = b + a`. What is the slope of `c` with
# respect to `a`?
#
# - **a** · 1: in `c = b + a`, the local derivative of `a` is 1.
# - **b** · 4: 3 through `b`, and 1 directly.
# - **c** · 6: `b` is the square of `a`, and has slope 6.
# - **d** · 7: 3 through `b`, once more 3 through `b`, and 1 directly.
# - **e** · 9: 3 times 3 times 1, the product of all local derivatives.
#
# Commit yourself first: your answer is written down before you see what happens.

# %% exercise="backprop.paths"
# stub: prediction = None  # "a", "b", "c", "d" or "e"
prediction = "d"

# %% [markdown]
# Nudging knows nothing of graphs, so it can be the judge.

# %%
(slope,) = numerical_gradient(lambda v: v[0] * v[0] + v[0], [3.0])
print(f"slope of c with respect to a: {slope:.3f}")

# %%
viz.graph(
    {"a": "a = 3", "b": "b = a * a", "c": "c = b + a"},
    [("a", "b", "×3"), ("a", "b", "×3"), ("b", "c", "×1"), ("a", "c", "×1")],
    title="Three ways from a to c: 3 + 3 + 1",
)

# %% [markdown]
# When `a` moves, it moves `c` along every way at the same time. So: **along a way multiply, over all
# ways add.** A number that is used twice gets two shares of gradient, and they add up.
#
# In a network there are far too many ways to follow one by one. The trick is to never do that.

# %% [markdown]
# ## 4 · Backwards, one node at a time
#
# Start at the result: its own slope is 1. Then let each node hand its finished gradient to its
# parents, multiplied by the local derivative. Each parent adds up what arrives. Move the slider and
# watch the gradients come in.

# %%
frames = viz.backprop_steps(
    [a, b, c, d, e], title="Each number sends its gradient on once it is complete"
)
viz.stepper(
    frames, [f"{k} of {len(frames) - 1}" for k in range(len(frames))], control="step", start=1
)

# %% [markdown]
# Every arrow was used once. Yet `a` now has the sum over all its ways to `e`, of which there are
# three. And it did not matter how many inputs there are: that is where the speed comes from.
#
# One thing did matter. Suppose `c` had its turn before `d`:

# %%
too_early = viz.backprop_steps(
    [a, b, d, c, e], title="c sends its gradient on before its share from d has come"
)
too_early[4]

# %% [markdown]
# `c` passed on $-4$, and its other share, $-6$, came too late. So `a` ends with 6 where 24 is right.
# A node's turn must wait until *everything that was made from it* has sent. Listed the other way
# round: each node comes after all its parents. Such a list is a **topological order**.

# %% [markdown]
# **Exercise 4.5.** List `root` and every node below it: each once, each after its parents, the root
# last. You need only `node.parents`.
#
# Worked case: for the graph above, `topological_order(e)` is `[a, b, c, d, e]` (or `[b, a, ...]`:
# any order that keeps the rule is right). Two hard cases: ways that part and meet again, as at `c`;
# and a chain of 5,000 operations, in which a function that calls itself goes deeper than Python
# allows. Without the last one you still get most of the points.

# %% exercise="backprop.topological_order"

# %% [markdown]
# In the sources for this lesson, the order comes from a function that calls itself. That is shorter,
# and ends at about 1,000 operations in a row. A sum over 1,000 examples is such a row.

# %% [markdown]
# **Exercise 4.6.** Now the pass itself. `order` is a list as above. Fill in the `grad` of every node;
# nothing is returned.
#
# Worked case: for `e` above, `a.grad` becomes 24 and `b.grad` becomes -20. The hard case: when it is
# called a second time, every *leaf* (a node without parents) must get exactly one more gradient, 48
# and -40. So clear the nodes in between first, and leave the leaves: they collect.


# %% exercise="backprop.backward"
def backpropagate(order):
    """Fill in the grad of every node; order lists parents first, and the root last."""
    for node in order:
        if node.parents:
            node.grad = 0.0  # between the ends nothing may be left from an earlier call
    order[-1].grad = 1.0
    for node in reversed(order):
        for parent, local in zip(node.parents, node.local):
            parent.grad += local * node.grad


# %% [markdown]
# Both together are a method of `Value`, and our engine is complete.


# %%
class Value(Value):
    """Adds the backward pass."""

    def backward(self):
        backpropagate(topological_order(self))


# %%
a, b, c, d, e = small_example()
e.backward()
print("once: ", a, b)
e.backward()
print("twice:", a, b)

# %% [markdown]
# ### Check it with nudges
#
# An expression that uses every operation, and every input more than once. Backpropagation needs one
# forward and one backward pass for its three slopes; nudging needs six forward passes.


# %%
def wild(v):
    """An expression of three Values."""
    a, b, c = v
    inner = (a * b + c).tanh() - a.exp() / 5.0
    return (inner * c + a**3 * 0.1).relu() * inner + b * b / c


# %%
inputs = [Value(number) for number in (0.7, -1.2, -2.5)]
wild(inputs).backward()
nudged = numerical_gradient(lambda v: wild([Value(n) for n in v]).data, [0.7, -1.2, -2.5])
for name, value, slope in zip("abc", inputs, nudged):
    print(f"{name}: backward {value.grad:.5f}, nudged {slope:.5f}")

# %% [markdown]
# Do this for every new operation that you add. When the two disagree, the backward pass is wrong.

# %% [markdown]
# ## 5 · A network of Values
#
# A **neuron** is the unit of lesson 1 with a smoother end: a weighted sum, a bias, then ReLU. A
# **layer** is several neurons that look at the same inputs. A **multi-layer perceptron**, or MLP, is
# layers in a row. The last layer has no ReLU, since a score may be negative.

# %% [markdown]
# **Exercise 4.7.** Write the three classes. Each weight and each bias is made by one call of
# `draw()`, neuron by neuron. A neuron returns one number; a layer and
# an MLP return a *list*. `parameters()` gives a flat list of all weights and biases.
#
# Worked case: a neuron with weights 2 and -1, bias 0.5 and `relu=False` answers `[1, 3]` with -0.5.
# `MLP([2, 8, 8, 1], draw)` has 24 + 72 + 9 = 105 parameters. The hard case: all layers have ReLU but
# the last.


# %% exercise="backprop.mlp"
class Neuron:
    """A weighted sum of its inputs plus a bias, then ReLU unless relu is False."""

    def __init__(self, num_inputs, draw, relu=True):
        self.w = [draw() for _ in range(num_inputs)]
        self.b = draw()
        self.relu = relu

    def __call__(self, x):
        z = self.b
        for weight, feature in zip(self.w, x):
            z = z + weight * feature
        return z.relu() if self.relu else z

    def parameters(self):
        return [*self.w, self.b]


class Layer:
    """A list of num_outputs neurons that see the same inputs."""

    def __init__(self, num_inputs, num_outputs, draw, relu=True):
        self.neurons = [Neuron(num_inputs, draw, relu) for _ in range(num_outputs)]

    def __call__(self, x):
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP:
    """Layers in a row; sizes lists the inputs, then the neurons of each layer."""

    def __init__(self, sizes, draw):
        last = len(sizes) - 2
        self.layers = [Layer(sizes[k], sizes[k + 1], draw, relu=k < last) for k in range(last + 1)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]


# %% [markdown]
# ### Two moons
#
# No straight line separates these two classes. We learn from 50 points and keep 200 back.

# %%
moons = data.moons(np.random.default_rng(0), count=250)
X_train, y_train = moons.X[:50].tolist(), moons.signed_labels()[:50].tolist()
X_test, y_test = moons.X[50:], moons.signed_labels()[50:]

# %%
viz.scatter(
    moons.X[:50],
    moons.signed_labels()[:50],
    class_names=moons.class_names,
    title="Two moons: no line parts them",
)

# %% [markdown]
# The loss is the hinge loss of lesson 3: an example costs nothing once its score is on the right
# side by 1. Written with Values, the whole training set becomes one big graph with one result.

# %%
numbers = random.Random(0)
net = MLP([2, 8, 8, 1], draw=lambda: Value(numbers.uniform(-1, 1)))


def moons_loss():
    """Mean hinge loss of the net over the training set."""
    costs = [(1.0 - label * net(point)[0]).relu() for point, label in zip(X_train, y_train)]
    return sum(costs) / len(costs)


# %% [markdown]
# ## 6 · Training
#
# The gradient says which way the loss rises. So step against it, a little, again and again:
#
# $$p \leftarrow p - \text{lr} \cdot \frac{\partial\, \text{loss}}{\partial p}$$
#
# The size of the step, `lr`, is called the **learning rate**. Remember that gradients collect: each
# step has to start from zeros.

# %% [markdown]
# **Exercise 4.8.** Write the loop. `parameters` is a list of Values; `compute_loss()` runs a forward
# pass and returns the loss, with a `backward()` method. Take `steps` steps; return the list of losses
# as plain numbers, each from before its step.
#
# Worked case: if the loss is `p * p` with `p = 1` and `lr = 0.25`, two steps return `[1, 0.25]` and
# leave `p` at 0.25. The hard case: at the start `grad` may hold something old.

# %% exercise="backprop.training"

# %%
losses = train(net.parameters(), moons_loss, steps=60, lr=0.5)
print(f"loss before the first step {losses[0]:.2f}, before the last {losses[-1]:.2f}")

# %%
viz.loss_curves(
    {"training set": losses}, title="The net learns the moons in 60 steps", ylabel="hinge loss"
)

# %% [markdown]
# And what does it say about the whole plane, and about the points that were kept back?


# %%
def predict(points):
    """Labels -1 and +1 for an array of points."""
    return np.array([1 if net(point)[0].data > 0 else -1 for point in points.tolist()])


# %%
print(f"right on {np.sum(predict(X_test) == y_test)} of {len(y_test)} held-out points")

# %%
viz.decision_regions(
    predict,
    X_test,
    y_test,
    class_names=moons.class_names,
    resolution=61,
    title="The boundary bends between the held-out moons",
)

# %% [markdown]
# Nobody derived a gradient for this. Change the net, the loss, the data: the graph is built anew in
# each forward pass, and `backward` walks whatever is there.

# %% [markdown]
# ## 7 · What it costs
#
# One backward pass gave 105 slopes; nudging would take 210 forward passes. But look at what a single
# forward pass builds for 50 points:

# %%
graph_size = len(topological_order(moons_loss()))
print(f"nodes in one graph: {graph_size:,}")

# %% [markdown]
# Each node is a Python object, with two tuples, made anew in each step. How long would the bare
# arithmetic take? NumPy does it in three matrix products.


# %%
def forward_in_numpy(X, layers):
    """Scores of a batch by a net of these shapes: (inputs, outputs) weights, and biases."""
    for W, b in layers[:-1]:
        X = np.maximum(X @ W + b, 0.0)
    return X @ layers[-1][0] + layers[-1][1]


def seconds(function, repeats):
    """The shortest of several runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


# %%
rng = np.random.default_rng(0)
layers = [(rng.normal(size=(m, n)), rng.normal(size=n)) for m, n in [(2, 8), (8, 8), (8, 1)]]
X_batch = np.array(X_train)
by_values = seconds(moons_loss, repeats=3)
by_numpy = seconds(lambda: forward_in_numpy(X_batch, layers), repeats=20)
print("NumPy's forward pass is more than 100 times faster:", by_values > 100 * by_numpy)

# %% [markdown]
# Same sums, same products. What costs is one Python object for each. **Lesson 5** keeps everything
# that you built here (graph, order, backward pass) and lets a node hold a whole array.

# %% [markdown]
# ## 8 · In PyTorch
#
# PyTorch is such an engine for arrays. It builds the graph while it computes, orders it, and
# collects gradients in the leaves. Here is the small example of section 4 again.

# %%
import torch

ta, tb = torch.tensor(2.0, requires_grad=True), torch.tensor(-3.0, requires_grad=True)
tc = ta * tb
te = (tc + ta) * tc
te.backward(retain_graph=True)
print("once: ", ta.grad.item(), tb.grad.item())
te.backward()
print("twice:", ta.grad.item(), tb.grad.item())

# %% [markdown]
# The same 24 and -20, and a second pass adds exactly one more. `retain_graph` asks PyTorch to keep
# the graph for that: by default it is thrown away after one pass, to free memory. Since leaves
# collect, training code there calls `optimizer.zero_grad()` in each step, for the reason you know.

# %% [markdown]
# And the wild expression, with every operation:

# %%
points = [torch.tensor(n, dtype=torch.float64, requires_grad=True) for n in (0.7, -1.2, -2.5)]
wild(points).backward()
gaps = [abs(point.grad.item() - value.grad) for point, value in zip(points, inputs)]
print("all three slopes agree to 12 digits:", max(gaps) < 1e-12)

# %% [markdown]
# ## Reflect
#
# **Exercise 4.9.** Nudging needs two passes for each parameter; backpropagation needs about one more
# pass for all of them, be they 105 or a billion. Why is one pass enough, and what does one pay for
# it? Think of two weights in the first layer, and of what must be kept from the forward pass. Four to
# eight sentences.

# %% [markdown] exercise="backprop.reflection"
# Nudging starts from scratch for each parameter: two whole forward passes, though only one number has
# changed. The backward pass asks the other way round: how does the one result depend on each node?
# That gradient is worked out once, when everything made from the node has sent its share, and then
# all that lies below uses it. Two weights in the first layer share nearly their whole way to the loss,
# and it is walked once for both. So every arrow is used once, and the work is about that of a forward
# pass, whatever the number of parameters. The price is memory: all nodes, with their parents and
# local derivatives, must be kept until the backward pass.

# %% [markdown]
# ## Go further
#
# - Add `log` and `sigmoid` to `Value`, check them with nudges, and train on the moons with the binary
#   cross-entropy of lesson 3.
# - Make a neuron a single node: what are the local derivatives of $w \cdot x + b$ with respect to
#   each weight, each input and the bias? How many nodes does one graph have then, and how much time
#   does it save?
# - Draw other first numbers: `random.Random(3)` for `random.Random(0)`. The same net then ends with a
#   much higher loss. How does it depend on `lr`, and on the number of neurons? Lesson 6 asks why.

# %% [markdown]
# ## Recap
#
# - A **graph** of small operations remembers parents and **local derivatives** while it computes.
# - **Chain rule**: along a way multiply, over all ways add. Hence `+=`, never `=`.
# - In reverse **topological order** each node sends its gradient on once, when it is complete: all
#   slopes at the price of about one more pass.
# - **Gradient check**: nudge both ways and compare. Slow, but it is right.
# - Leaves collect gradients, so a training step sets them to 0 first.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - D. E. Rumelhart, G. E. Hinton, R. J. Williams (1986). *Learning representations by
#   back-propagating errors.* Nature 323, 533-536.
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind (2018). *Automatic differentiation in
#   machine learning: a survey.* JMLR 18(153). What the backward pass costs; why nudging errs.
# - A. Karpathy (2020). *micrograd*; and (2022) *Neural Networks: Zero to Hero*, lecture 1. The idea
#   of this lesson, its order, and the moons.
# - A. Paszke et al. (2019). *PyTorch: an imperative style, high-performance deep learning library.*
#   NeurIPS 32.
# - The order of lessons follows MIT 6.S191, *Introduction to Deep Learning*.
