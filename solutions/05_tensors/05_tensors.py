# %% [markdown]
# # Lesson 5 · Tensors
#
# **Why does the network of lesson 4 crawl, and what makes the same network a thousand times
# faster?**
#
# You will rebuild automatic differentiation on whole arrays: six rules, each a few lines of NumPy,
# and a check that tells where a rule is wrong. At the end the same weights give the same gradients,
# and the clock tells a different story.
#
# About 90 minutes. You need lesson 4, and NumPy's shapes and axes.

# %%
import random
import sys
import time

import numpy as np

from course_lib import data, losses, viz
from course_lib.scalar import MLP, Value
from grader import borrow, check, hint, progress

# %% [markdown]
# ## 1 · Where lesson 4 stops
#
# Handwritten digits again: 64 pixels in, ten classes out, and 64 hidden units. We use lesson 4's
# engine as it was built there: one `Value` for every product and every sum.

# %%
digits = data.digits().shuffled(np.random.default_rng(0))
X_train, y_train = digits.X[:1200] / 16, digits.y[:1200]
X_test, y_test = digits.X[1200:] / 16, digits.y[1200:]
net = MLP(64, [64, 10], rng=random.Random(0))


# %%
def neuron_in_values(neuron, x):
    """A weighted sum as in lesson 4, number by number."""
    total = neuron.b
    for w, xi in zip(neuron.w, x):
        total = total + w * xi
    return total.relu() if neuron.nonlin else total


def loss_in_values(net, x, target):
    """Cross-entropy of one example: log of the sum of exp, minus the target's logit."""
    for layer in net.layers:
        x = [neuron_in_values(neuron, x) for neuron in layer.neurons]
    return sum((z.exp() for z in x), Value(0)).log() - x[target]


# %% [markdown]
# How much work is one example? We count the `Value`s behind one loss. And we time five examples,
# forward and backward. A step on all 1200 would take 240 times as long: every example repeats the
# same operations, so here we may multiply instead of waiting.


# %%
def count_nodes(root, parents):
    """How many nodes a graph has."""
    found, todo = {root}, [root]
    while todo:
        new = set(parents(todo.pop())) - found
        found |= new
        todo += new
    return len(found)


def seconds(work, repeats=3):
    """The shortest of a few measurements: the one that was disturbed least."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


# %%
def five_examples():
    for x, target in zip(X_train[:5].tolist(), y_train[:5]):
        loss_in_values(net, x, target).backward()


values = count_nodes(loss_in_values(net, X_train[0].tolist(), y_train[0]), lambda v: v._prev)
step_in_values = seconds(five_examples) * 240
print(f"one example needs {values} Values")
print("one step on 1200 examples takes more than 5 seconds:", step_in_values > 5)

# %% [markdown]
# Training takes hundreds of such steps, and this is a small network for small images. Nothing in it
# is wrong. It makes too many operations, and each is too small.

# %% [markdown]
# ## 2 · An array as one node
#
# Let a node hold a whole array, a **tensor**. The graph of the network then has a dozen nodes,
# whatever the batch. The chain rule asks each operation one question:
#
# > Here is the gradient of the loss with respect to your *result*. What is it with respect to your
# > *inputs*?
#
# The answer is the operation's rule.

# %% [markdown]
# For $y = f(x)$ the **Jacobian** $J_{ij} = \partial y_i / \partial x_j$ holds every slope. The
# gradient $g$ of the result is a vector, and the rule returns the product
#
# $$g^\top J \qquad \text{the \textbf{vector-Jacobian product}, VJP.}$$
#
# The point: a rule computes this product *without ever making $J$*. How large would $J$ be for our
# first layer, which turns 1200 x 64 numbers into as many?

# %%
print(f"the Jacobian would take {(1200 * 64) ** 2 * 8 / 1e9:.0f} GB")
print(f"the gradient takes {1200 * 64 * 8 / 1e6:.1f} MB")


# %% [markdown]
# Here is the engine, complete. It is lesson 4's: list the graph with parents first, go backwards,
# pass on, accumulate. New are only the arrays, and `unbroadcast`, which you will write soon.


# %%
class Tensor:
    """An array, the tensors that it was made from, and the rule that sends its gradient back."""

    def __init__(self, data, parents=(), vjp=None):
        self.data, self.parents, self.vjp = np.asarray(data), parents, vjp
        self.grad = None

    def list_graph(self, order):
        """Put this tensor into a dict, after all that it was made from."""
        if self not in order:
            for parent in self.parents:
                parent.list_graph(order)
            order[self] = True
        return order

    def backward(self):
        """Give every tensor of the graph the gradient of this number."""
        self.grad = np.ones_like(self.data)
        for tensor in reversed(self.list_graph({})):
            grads = tensor.vjp(tensor.grad) if tensor.vjp else ()
            for parent, grad in zip(tensor.parents, grads):
                grad = unbroadcast(grad, parent.data.shape)
                parent.grad = grad if parent.grad is None else parent.grad + grad


# %% [markdown]
# An operation is now a value and, beside it, a rule: a function of `grad` that returns one gradient
# for each parent.


# %%
def add(a, b):
    return Tensor(a.data + b.data, (a, b), lambda grad: (grad, grad))


def mul(a, b):
    return Tensor(a.data * b.data, (a, b), lambda grad: (grad * b.data, grad * a.data))


def relu(a):
    return Tensor(np.maximum(a.data, 0), (a,), lambda grad: (grad * (a.data > 0),))


# %% [markdown]
# ## 3 · A check that says where
#
# Rules for arrays go wrong in new ways: right numbers at wrong places, right in one row only. So
# first a tool. Lesson 4 nudged one number and measured the slope. Now nudge *every* number of an
# array, one at a time, and report the place where a claimed gradient is farthest off.

# %% [markdown]
# **Exercise 5.1.** `f` takes an array and returns one number; `grad` claims to be its gradient at
# `x`. Return `(index, claimed, measured)` for the place with the largest absolute difference.
# `index` is a tuple, one number for each axis.
#
# Worked case: $f(x) = x_0^2 + x_1^2$ at `x = [3, 1]` with `grad = [6, 5]` gives about
# `((1,), 5, 2)`. The hard cases: leave `x` itself as it was, and measure in float64 even if `x` is
# float32. (The check tries $f(x) = \big(\sum_i w_i x_i^p\big)^2 / 8$; a report shows its `weights` and
# `power`.)

# %% exercise="tensors.worst_place"

# %% [markdown]
# Try it on a gradient with a bug: somebody says that the slope of $|x|$ is 1 everywhere.

# %%
x = np.array([[0.5, 2.0, 1.0], [3.0, -1.5, 0.7]])
index, claimed, measured = worst_place(lambda x: np.abs(x).sum(), x, np.ones(x.shape))
print("worst at", [int(i) for i in index], f"claimed {claimed:.2f}, measured {measured:.2f}")

# %% [markdown]
# One look at the place explains it: the only negative number. Use the tool on your own rules
# whenever a check below complains.

# %% [markdown]
# ## 4 · Broadcasting, and the way back
#
# A layer adds a bias of shape `(64,)` to scores of shape `(1200, 64)`. NumPy **broadcasts**: it
# lines shapes up from the right, adds missing axes in front, and stretches axes of length 1. No
# copy is really made, but each number is *used* many times.
#
# Move the slider: to the left end for the beginning, then step by step to the right. After "add"
# comes the backward pass.

# %%
frames = viz.broadcasting(
    np.array([[10], [20], [30]]),
    np.array([1, 2, 3, 4]),
    grad=np.array([[1, 0, 2, 1], [3, 1, 0, 1], [2, 2, 1, 0]]),
)
viz.stepper(list(frames.values()), list(frames), control="step", start=2)

# %% [markdown]
# What was used several times has several effects, and effects add up. (Lesson 4 said the same with
# `+=`.) So the VJP of *copying* is *summing*: over the axes that were added in front, and over the
# axes that were stretched, which stay with length 1.

# %% [markdown]
# **Exercise 5.2.** An array of shape `shape` was broadcast to the shape of `grad`. Sum `grad` back
# to `shape`.
#
# Worked case: `[[1, 2, 3], [4, 5, 6]]` back to `(3,)` is `[5, 7, 9]`; back to `(2, 1)` it is
# `[[6], [15]]`. The hard case needs both kinds of sum: `(4, 2, 3)` back to `(2, 1)`.

# %% exercise="tensors.unbroadcast"

# %% [markdown]
# The engine calls it for every gradient, so `add` and `mul` already know all about broadcasting.

# %%
scores, bias = Tensor(np.ones((1200, 64))), Tensor(np.zeros(64))
grads = add(scores, bias).vjp(np.ones((1200, 64)))
print("what the rule returns:", [grad.shape for grad in grads])
print("what the bias gets:", unbroadcast(grads[1], bias.data.shape).shape)

# %% [markdown]
# ### Hands off
#
# A rule runs *later*, and reads arrays that the forward pass left behind. Who writes into one of
# them in the meantime changes the gradient without a word. Here $y = x \cdot x$, so the gradient at
# `[1, 2, 3]` should be `[2, 4, 6]`.

# %%
x = Tensor(np.array([1.0, 2.0, 3.0]))
y = mul(x, x)
x.data *= 10  # in place, between forward and backward
y.backward()
print("gradient:", x.grad)

# %% [markdown]
# So rules build new arrays. They never write into `grad` either: the same array may be on its way
# to another parent. The checks here watch for both.

# %% [markdown]
# ## 5 · Matrix products
#
# Nearly all the time of a network goes into `a @ b`. Entry by entry, with $a$ of shape $(n, k)$ and
# $b$ of shape $(k, m)$:
#
# $$y_{ij} = \sum_l a_{il}\, b_{lj} \qquad\Rightarrow\qquad
# \frac{\partial L}{\partial a_{il}} = \sum_j g_{ij}\, b_{lj}$$
#
# The right side sums over the *second* index of both $g$ and $b$. That is a matrix product again,
# with one of them transposed.

# %% [markdown]
# **Exercise 5.3.** `grad` has the shape of `a @ b`. Return the gradients for `a` and for `b`, in
# this order.
#
# Worked case: `grad = [[1]]`, `a = [[2, 3]]`, `b = [[5], [7]]` gives `[[5, 7]]` and `[[2], [3]]`.
#
# No need to memorise it: each gradient has the shape of its own array, and only one product fits.

# %% exercise="tensors.matmul_vjp"


# %%
def matmul(a, b):
    return Tensor(a.data @ b.data, (a, b), lambda grad: matmul_vjp(grad, a.data, b.data))


# %% [markdown]
# ## 6 · Reductions
#
# `x.sum(axis=1)` makes one number of each row. Going back, that number's gradient spreads over its
# row again: the VJP of *summing* is *copying*. `mean` and `max` differ only in the share that each
# number has in the result:
#
# - sum: 1
# - mean: $1/n$ for the $n$ numbers that went in
# - max: 1 for the largest, 0 for the others

# %% [markdown]
# **Exercise 5.4.** Return the gradient for `x`, when `grad` is the gradient of
# `x.sum(axis, keepdims=keepdims)`, or of `.mean`, or `.max`, as `op` says: `"sum"`, `"mean"`,
# `"max"`. `axis` is one axis, maybe negative, or `None` for all.
#
# Worked case: `[[1, 4, 2]]`, `axis=1`, `grad = [3]` gives `[[3, 3, 3]]`, `[[1, 1, 1]]`,
# `[[0, 3, 0]]`. Hard cases: without `keepdims`, `grad` has lost an axis; and numbers that *tie* for
# the largest get `grad` together. Split it evenly, or give it to one.

# %% exercise="tensors.reduce_vjp"

# %%
table = np.array([[1.0, 4.0, 2.0, 0.0], [3.0, 1.0, 2.0, 3.0], [0.0, 1.0, 5.0, 2.0]])
to_largest = reduce_vjp(np.array([1.0, 1.0, 1.0]), table, "max", 1, False)
print("gradient that each row gives out:", to_largest.sum(axis=1))

# %%
viz.heat_map(
    to_largest,
    title="The gradient of a max goes to its place",
    row_names=list("012"),
    column_names=list("0123"),
    xlabel="column",
    ylabel="row",
    value_label="gradient for x",
    numbers=True,
    alt="Table of three rows and four columns: each row has its gradient where its maximum stands.",
)

# %% [markdown]
# In row 1 the largest number, 3, stands twice. At such a corner there is no single slope, and any
# split is a valid choice; PyTorch's `amax` splits evenly. What is *not* valid is to give each of
# them everything.

# %% [markdown]
# ## 7 · Rearranging
#
# `reshape` and `transpose` compute nothing: they say at which place a number is to be found. So
# gradients have only to be sent back to where the numbers came from. Two things can go wrong: the
# *order* of the steps, and the *inverse* of an order of axes.

# %% [markdown]
# **Exercise 5.5.** An operation as a class: `forward` reshapes `x` to `shape` and then transposes
# by `axes`; `backward` turns the gradient of the result into the gradient for `x`. `forward` may
# keep in `self` what `backward` needs.
#
# Worked case: `shape = (2, 3)`, `axes = (1, 0)` on six numbers: forward `[1, 2, 3, 4, 5, 6]` gives
# `[[1, 4], [2, 5], [3, 6]]`, and backward that same array gives `[1, 2, 3, 4, 5, 6]`. The hard case
# has three axes that change places in a circle.

# %% exercise="tensors.rearrange"

# %% [markdown]
# With it an image can be cut into patches, as networks for images do: 8 by 8 pixels into four
# quarters of 4 by 4.

# %%
images = X_test[:6].reshape(6, 8, 8)
cut = Rearrange((6, 2, 4, 2, 4), (0, 1, 3, 2, 4))
quarters = cut.forward(images)
print("quarters:", quarters.shape)
print("backward puts every pixel back:", np.array_equal(cut.backward(quarters), images))

# %%
viz.image_gallery(
    quarters[1].reshape(4, 4, 4),
    ["top left", "top right", "bottom left", "bottom right"],
    title="One digit, cut into four quarters",
)

# %% [markdown]
# ## 8 · Picking rows
#
# `table[rows]` picks rows from a table, in any order, some of them several times, some never.
# Language models begin this way: a table with a row for each word. A row that was picked three
# times was *used* three times. By now you know what that means for its gradient.

# %% [markdown]
# **Exercise 5.6.** Return the gradient for a table of shape `shape`, when `grad` is the gradient of
# `table[rows]`. `rows` holds integers and has one or two axes; `grad` has one more.
#
# Worked case: `grad = [[1, 1], [2, 2], [4, 4]]` for `rows = [2, 0, 2]` and `shape = (3, 2)` gives
# `[[2, 2], [0, 0], [5, 5]]`. The hard case is row 2, picked twice.

# %% exercise="tensors.rows_vjp"

# %% [markdown]
# Send back a 1 for every pick, and each row learns how often it was used.

# %%
letters = np.array([ord(c) - ord("a") for c in "tensorsandgradients"])
uses = rows_vjp(np.ones((len(letters), 1)), letters, (26, 1)).ravel()
print({chr(ord("a") + i): int(n) for i, n in enumerate(uses) if n > 1})

# %% [markdown]
# ## 9 · The end of the network
#
# Softmax and cross-entropy could be five operations with five rules. **Fused** into one they cost
# less, stay finite, and the rule is the shortest of all. You met it in lesson 3: for one example
#
# $$\frac{\partial L}{\partial z} = \operatorname{softmax}(z) - \operatorname{onehot}(\text{target})$$
#
# As a rule it takes a batch, and multiplies by the gradient that arrives.

# %% [markdown]
# **Exercise 5.7.** The loss is the *mean* cross-entropy of a batch; `grad`, one number, is the
# gradient of what comes after. Return the gradient for `logits`, shape `(batch, classes)`; `targets`
# are class numbers.
#
# Worked case: `grad = 1`, logits `[[0, ln 3]]`, target `[0]` gives `[[-0.75, 0.75]]`. The hard case:
# logits in the thousands.

# %% exercise="tensors.cross_entropy_vjp"


# %%
def cross_entropy(logits, targets):
    def vjp(grad):
        return (cross_entropy_vjp(grad, logits.data, targets),)

    return Tensor(losses.cross_entropy(logits.data, targets), (logits,), vjp)


# %% [markdown]
# ## 10 · The same network
#
# All pieces are there. We copy the weights of lesson 4's network into four arrays, and write the
# forward pass for a whole batch.
#
# One of your rules does not pass yet? Carry on with the course's:
# `matmul_vjp = borrow("tensors.matmul_vjp")`.


# %%
def as_tensors(net):
    """The weights of a scalar network: W of shape (inputs, units) and b, layer by layer."""
    params = []
    for layer in net.layers:
        W = [[w.data for w in neuron.w] for neuron in layer.neurons]
        b = [neuron.b.data for neuron in layer.neurons]
        params += [Tensor(np.array(W, dtype=float).T), Tensor(np.array(b, dtype=float))]
    return params


def loss_in_tensors(params, X, y):
    """Mean cross-entropy of a batch."""
    W1, b1, W2, b2 = params
    hidden = relu(add(matmul(Tensor(X), W1), b1))
    return cross_entropy(add(matmul(hidden, W2), b2), y)


# %% [markdown]
# Is it the same? Five examples through both engines: the loss, and the gradients of all weights of
# the first layer.

# %%
params = as_tensors(net)
loss = loss_in_tensors(params, X_train[:5], y_train[:5])
loss.backward()

net.zero_grad()
pairs = zip(X_train[:5].tolist(), y_train[:5])
mean = sum((loss_in_values(net, x, target) for x, target in pairs), Value(0)) / 5
mean.backward()
grads = np.array([[w.grad for w in neuron.w] for neuron in net.layers[0].neurons]).T
print("same loss:", bool(np.isclose(loss.data, mean.data)))
print("same gradients:", np.allclose(params[0].grad, grads))

# %% [markdown]
# Now the clock: one step on all 1200 examples, forward and backward, measured and not extrapolated.


# %%
def step_on(params, X, y):
    for p in params:
        p.grad = None
    loss_in_tensors(params, X, y).backward()


step_in_tensors = seconds(lambda: step_on(params, X_train, y_train), repeats=100)
tensors = count_nodes(loss_in_tensors(params, X_train, y_train), lambda t: t.parents)
weights = len(net.parameters())  # shared by all examples
in_values = weights + 1200 * (values - weights)
print(f"1200 examples need {tensors} Tensors; in Values they would need {in_values:,}")
for factor in (100, 1000):
    print(f"more than {factor} times faster:", step_in_values / step_in_tensors > factor)

# %% [markdown]
# Is it fair to `Value`? The course's own scalar `MLP` makes one node of each weighted sum, instead
# of 128. That is the first step on the same way: fewer, larger operations. We put all three side by
# side.


# %%
def five_fused():
    for x, target in zip(X_train[:5].tolist(), y_train[:5]):
        z = net(x)
        (sum((zi.exp() for zi in z), Value(0)).log() - z[target]).backward()


per_second = {
    "a Value per number": 1200 / step_in_values,
    "a Value per neuron": 5 / seconds(five_fused),
    "a Tensor per layer": 1200 / step_in_tensors,
}

# %%
viz.bar_comparison(
    per_second,
    title="Fewer, larger operations: a thousand times faster",
    xlabel="examples per second, forward and backward",
    log=True,
)

# %% [markdown]
# At this speed, training is a matter of seconds. Plain gradient descent on the whole training set,
# from weights of a size that lesson 2 chose:

# %%
rng = np.random.default_rng(0)
W1 = rng.normal(size=(64, 64)) * np.sqrt(2 / 64)
W2 = rng.normal(size=(64, 10)) * np.sqrt(2 / 64)
params = [Tensor(p) for p in (W1, np.zeros(64), W2, np.zeros(10))]
history = []
for _ in range(300):
    for p in params:
        p.grad = None
    loss = loss_in_tensors(params, X_train, y_train)
    loss.backward()
    for p in params:
        p.data = p.data - 0.5 * p.grad
    history.append(float(loss.data))

# %%
hidden = relu(add(matmul(Tensor(X_test), params[0]), params[1]))
guesses = add(matmul(hidden, params[2]), params[3]).data.argmax(axis=1)
print("right on more than 90 % of new images:", np.mean(guesses == y_test) > 0.9)
print("at lesson 4's pace, more than half an hour:", 300 * step_in_values > 1800)

# %%
viz.loss_curves(
    {"training set": history},
    title="Three hundred steps on 1200 images, in seconds",
    levels={"knows nothing: log 10": np.log(10)},
)

# %% [markdown]
# ## 11 · Where does the speed come from?
#
# **Exercise 5.8, a prediction.** A network with 2 inputs, 2 hidden units and 2 classes, and a batch
# of *one* example. How fast is a step with your `Tensor`, against one `Value` per number?
#
# - **a** · Still about 1000 times faster: NumPy's loops are compiled.
# - **b** · About 100 times faster: a layer is still one operation instead of many.
# - **c** · About as fast: less than a factor of 10 between them, whichever is ahead.
# - **d** · It cannot be compared: arrays need a batch of at least two.
# - **e** · About 1000 times *slower*: arrays are made for many numbers.
#
# Commit yourself first.

# %% exercise="tensors.tiny_net"
# stub: prediction = None  # "a", "b", "c", "d" or "e"
prediction = "c"

# %%
tiny = MLP(2, [2, 2], rng=random.Random(1))
tiny_params, point, label = as_tensors(tiny), np.array([[0.3, -0.7]]), np.array([1])
in_values = seconds(lambda: loss_in_values(tiny, [0.3, -0.7], 1).backward(), repeats=200)
in_tensors = seconds(lambda: step_on(tiny_params, point, label), repeats=200)
ratio = in_values / in_tensors
print("more than 10 times faster:", ratio > 10)
print("more than 10 times slower:", ratio < 0.1)

# %% [markdown]
# ### First: the interpreter, once per array
#
# Python needs a fixed time to find out what to do, and does it. A `Value` pays for that with every
# number, a `Tensor` once per array. We add two arrays of growing length, and divide the time by the
# number of numbers.


# %%
def ns_per_number(length):
    a, b = np.ones(length), np.ones(length)
    loops = max(1, 2000 // length)

    def work():
        for _ in range(loops):
            a + b

    return seconds(work, repeats=7) / loops / length * 1e9


def ns_in_a_loop(length=2000):
    a, b = [1.0] * length, [1.0] * length
    return seconds(lambda: [u + v for u, v in zip(a, b)], repeats=7) / length * 1e9


# %%
lengths = [1, 3, 10, 30, 100, 300, 1000, 3000, 10_000]
costs = [ns_per_number(n) for n in lengths]
in_python = ns_in_a_loop()
print("one number in an array is dearer than one in a Python loop:", costs[0] > in_python)
print("ten thousand in an array are more than 10 times cheaper:", costs[-1] < in_python / 10)

# %%
viz.loss_curves(
    {"NumPy, one addition of arrays": (lengths, costs)},
    title="The longer the array, the less each number costs",
    xlabel="numbers in the array",
    ylabel="time per number (ns)",
    levels={"Python loop": in_python},
    log=True,
    log_x=True,
)

# %% [markdown]
# ### Second: memory
#
# A Python number is an object somewhere in memory; a list holds pointers to such objects. An array
# holds the bare numbers, one after the other (Harris et al., 2020). The processor fetches neighbours
# together, so the same half million additions take longer when the numbers lie apart.

# %%
per_float = sys.getsizeof(0.5) + 8  # the object, and the pointer to it
print(f"a float in a list: {per_float} bytes; in an array: {np.ones(1).itemsize}")
many = np.ones(8_000_000)
together, apart = many[:500_000], many[::16]
print("as many numbers in both:", together.size == apart.size)
slower = seconds(lambda: apart.sum(), 10) / seconds(lambda: together.sum(), 10)
print("16 places apart, more than twice as slow:", slower > 2)

# %% [markdown]
# ### Third: the matrix product is somebody's life's work
#
# `a @ b` calls a **BLAS**, a library of routines tuned to the processor: it works in blocks that fit
# into the fast memory, on several numbers at a time (Goto and van de Geijn, 2008). We compare with
# the same products and sums, in NumPy too, but without it.

# %%
a, b = rng.normal(size=(300, 64)), rng.normal(size=(64, 64))


def by_broadcasting():
    return (a[:, :, None] * b).sum(axis=1)


print("same result:", np.allclose(by_broadcasting(), a @ b))
gain = seconds(by_broadcasting, 10) / seconds(lambda: a @ b, 10)
print("BLAS is more than 3 times faster:", gain > 3)

# %% [markdown]
# So the speed is not "NumPy". It is *few operations on large arrays*, numbers side by side, and a
# matrix product at the centre. Bigger batches and wider layers feed all three. A GPU goes further on
# the same way (lesson 12).

# %% [markdown]
# ## 12 · In PyTorch
#
# PyTorch's tensors are what you have built, with many more rules (Paszke et al., 2019). Same
# weights, same batch:

# %%
import torch

ours = as_tensors(net)
loss = loss_in_tensors(ours, X_train, y_train)
loss.backward()

theirs = [torch.tensor(p.data, requires_grad=True) for p in ours]
W1, b1, W2, b2 = theirs
logits = torch.relu(torch.tensor(X_train) @ W1 + b1) @ W2 + b2
torch.nn.functional.cross_entropy(logits, torch.tensor(y_train)).backward()
print("same gradients:", all(np.allclose(p.grad, q.grad) for p, q in zip(ours, theirs)))

# %% [markdown]
# Its rules follow yours: the bias's gradient is summed over the batch, repeated rows add up, and
# ties in `amax` share. An operation of one's own is a class with `forward` and `backward` there too,
# a `torch.autograd.Function`.

# %%
t = torch.tensor([[3.0, 1.0, 3.0]], requires_grad=True)
t.amax(dim=1).sum().backward()
print("amax, a tie:", t.grad.tolist())
t.grad = None
t[0, [2, 0, 2]].sum().backward()
print("place 2 picked twice:", t.grad.tolist())

# %% [markdown]
# ## Reflect
#
# **Exercise 5.9.** A friend trains the digits network with your `Tensor`, but calls it for one
# example at a time, in a loop over all 1200, and adds up the gradients. "It is all NumPy, so it is
# just as fast." What do you predict, and why? When would your friend be nearly right? Three to six
# sentences.

# %% [markdown] exercise="tensors.reflection"
# The loop will be many times slower, though it multiplies and adds exactly as much. Every operation
# has a fixed cost: Python looks up what to do, makes an array, calls a routine. With the whole batch
# that is paid for a dozen arrays per step; in the loop 1200 times as often, for arrays a 1200th of
# the size, with little arithmetic to spread it over. The matrix product loses too: it reads all
# weights to use each of them once. My friend would be nearly right if each operation were large
# already, say with layers of many thousand units. And the loop can be wanted if the batch does not
# fit into memory.

# %% [markdown]
# ## Go further
#
# - Extend `matmul_vjp` to stacks of matrices, shape `(..., n, k)`: which axes are swapped now, and
#   what does `unbroadcast` add for free? Attention needs it (lesson 9).
# - Convert weights and images to `float32`. How much faster is a step, and how does `worst_place`
#   have to change its `eps`?
# - `step_on` also computes a gradient for the images, which nobody uses. Let a `Tensor` say that it
#   needs none. How much time does that save?
# - How does the speed-up grow with the batch? Measure it for 1, 10, 100 and 1200 examples.

# %% [markdown]
# ## Recap
#
# - A node holds an **array**. Its rule is a **vector-Jacobian product**: from the gradient of the
#   result to those of the inputs, without a Jacobian.
# - Copying and summing are each other's rule. Broadcasting back is `unbroadcast`; a reduction back is
#   spreading by shares. What was used twice gets the sum.
# - `a @ b` goes back by `grad @ b.T` and `a.T @ grad`; what was rearranged goes back by the inverse,
#   last step first.
# - The speed comes from few, large operations: interpreter once per array, numbers side by side, BLAS.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - A. G. Baydin, B. A. Pearlmutter, A. A. Radul, J. M. Siskind (2018). *Automatic differentiation in
#   machine learning: a survey.* Journal of Machine Learning Research 18, 1-43.
# - C. R. Harris et al. (2020). *Array programming with NumPy.* Nature 585, 357-362: broadcasting,
#   memory layout.
# - K. Goto, R. A. van de Geijn (2008). *Anatomy of high-performance matrix multiplication.* ACM
#   Transactions on Mathematical Software 34 (3).
# - A. Paszke et al. (2019). *PyTorch: an imperative style, high-performance deep learning library.*
#   NeurIPS.
# - A. Karpathy (2022). *Neural Networks: Zero to Hero*, from micrograd to tensors by hand: the order
#   of ideas.
# - Data: the UCI handwritten digits (Alpaydin and Kaynak 1998), as shipped with scikit-learn.
