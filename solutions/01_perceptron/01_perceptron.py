# %% [markdown]
# # Lesson 1 · The perceptron
#
# **Can a machine find a rule that nobody wrote down?**
#
# You will build the first machine that could (Rosenblatt, 1958): a single unit that learns to tell
# two classes apart by correcting its mistakes. Then you will meet the problem that stopped it.
#
# About 75 minutes. You need Python, a little NumPy, and the idea of a straight line.

# %%
import numpy as np

from course_lib import data, viz
from grader import borrow, check, hint, progress

# %% [markdown]
# **How it works.** An exercise is a cell to fill in. The cell below it checks your answer on fresh
# inputs. Run both as often as you like: a check tells you what went wrong.
#
# Stuck? `hint("perceptron.step")` in a cell of your own gives one more hint each time.
# `progress()` shows how far you are.

# %% [markdown]
# ## 1 · A rule by hand, and how it fails
#
# In lesson 0 we chose features by hand. Here are handwritten zeros and ones, 8 by 8 pixels each. A
# zero is a big ring and a one is a thin stroke, so a zero should hold more ink. Does it?

# %%
digits = data.digits().only("0", "1")
ink = digits.X.sum(axis=1)
images = digits.X.reshape(-1, 8, 8)

# %%
viz.image_gallery(
    images[:8],
    [digits.class_names[label] for label in digits.y[:8]],
    title="Zeros and ones, 8 by 8 pixels",
)

# %% [markdown]
# Add up the pixels of each image. If zeros hold more ink, one threshold on that sum should part
# them. We try every threshold and keep the best.

# %%
thresholds = np.unique(ink)
accuracies = [np.mean((ink < t) == (digits.y == 1)) for t in thresholds]
best = thresholds[np.argmax(accuracies)]
print(f"best threshold: {best:.0f}, right on {max(accuracies):.0%} of the images")

# %%
viz.two_histograms(
    ink,
    digits.y,
    threshold=best,
    class_names=digits.class_names,
    title="Zeros and ones hold the same amount of ink",
    xlabel="ink (sum of the pixels)",
)

# %% [markdown]
# The rule is hardly better than a coin: ones are written thick. *Where* the ink is would tell us
# more than how much there is. So give every pixel its own say, and let the machine find out how
# much each should count.

# %% [markdown]
# ## 2 · A weighted sum
#
# A **unit** takes the features $x_1, \dots, x_d$ of one example, multiplies each by a **weight**,
# adds the products, and adds a **bias**. The result is a **score**:
#
# $$z = w_1 x_1 + \dots + w_d x_d + b$$
#
# A positive weight makes its feature evidence *for* a class, a negative one evidence *against* it.

# %% [markdown]
# **Exercise 1.1.** Score a whole batch: `X` has one example per row, and you return one score per
# row.
#
# Worked case: the row `[1, 2]` with weights `[3, -1]` and bias `0.5` scores
# $3 \cdot 1 - 1 \cdot 2 + 0.5 = 1.5$.

# %% exercise="perceptron.weighted_sum"

# %% [markdown]
# ## 3 · A decision
#
# A score is a number; a decision is a class. The **step function** cuts: a score of 0 or more says
# $+1$, anything below says $-1$. We name the classes $-1$ and $+1$, since then $y \cdot z$ is
# positive exactly when the score $z$ is on the side of the label $y$.

# %% [markdown]
# **Exercise 1.2.** Turn an array of scores into labels of the same shape.
#
# Worked case: `[-0.5, 0.0, 2.0]` gives `[-1, 1, 1]`. The hard case is 0: it belongs to $+1$.

# %% exercise="perceptron.step"

# %% [markdown]
# ### What the weights mean
#
# Two features can be drawn. These are petals of two kinds of iris, *setosa* and *versicolor*. The
# unit decides by the line where its score is 0: the **decision boundary**. Here are weights that
# somebody guessed.

# %%
iris = data.iris().only("setosa", "versicolor")
petals = iris.features("petal length (cm)", "petal width (cm)")
petals = petals.shuffled(np.random.default_rng(0))
X, y = petals.X, petals.signed_labels()
names = {"feature_names": petals.feature_names, "class_names": petals.class_names}

# %%
w_guess, b_guess = np.array([1.0, -1.0]), -1.2
accuracy = np.mean(step(weighted_sum(X, w_guess, b_guess)) == y)
print(f"right on {accuracy:.0%} of the flowers")

# %%
viz.decision_boundary(X, y, w_guess, b_guess, title="A guessed line cuts through setosa", **names)

# %% [markdown]
# **Try it.** Change the three numbers above until every flower is right. The weights turn the line
# (it is at right angles to `w`), and the bias moves it.
#
# With two features that takes a minute. A digit has 64. We need a rule that turns the line by
# itself.

# %% [markdown]
# ## 4 · Learning from one mistake
#
# Show the unit one example $x$ with its true label $y$. If $y \cdot z > 0$, the score is on the right
# side: change nothing. If not, it is a **mistake**, and we move the weights *towards* it:
#
# $$w \leftarrow w + y\,x \qquad b \leftarrow b + y$$

# %% [markdown]
# Why does that help? Put the new weights into the score of the same example:
#
# $$y\,\big((w + y\,x) \cdot x + b + y\big) = \underbrace{y\,(w \cdot x + b)}_{\text{before}}
# + \underbrace{x \cdot x + 1}_{\text{always positive}}$$
#
# (since $y \cdot y = 1$). Whatever the label, $y \cdot z$ rises: the example gets closer to its own
# side, or reaches it.

# %% [markdown]
# **Exercise 1.3.** Return the weights and bias after one example. A point exactly on the boundary,
# $y \cdot z = 0$, counts as a mistake. Leave the array `w` that you were given as it is: return a new
# one.
#
# Worked case: from `w = [0, 0]`, `b = 0`, the example `[2, -1]` with label `-1` gives
# `w = [-2, 1]`, `b = -1`.

# %% exercise="perceptron.update"

# %% [markdown]
# ### See the line move
#
# Now show the unit all the flowers, one after the other, with *your* `update`. It starts from zero
# weights, where there is no line at all. We keep every state that a mistake leads to.

# %%
states, culprits = [(np.zeros(2), 0.0)], [None]
for i, (x, label) in enumerate(zip(X, y)):
    w, b = update(*states[-1], x, label)
    if b != states[-1][1]:  # a mistake moved the line
        states.append((w, b))
        culprits.append(i)
print(f"{len(states) - 1} mistakes in one pass over {len(y)} flowers")

# %%
viz.boundary_animation(
    X,
    y,
    states,
    culprits=culprits,
    **names,
    title="Each mistake pulls the line over, until none is left",
)

# %% [markdown]
# The ringed flower is the one that was wrong. The first corrections throw the line about; the later
# ones only nudge it, because the weights have grown and one example is a smaller part of them.

# %% [markdown]
# ## 5 · The training loop
#
# A correction can spoil an example that was right before. So one pass over the data, an **epoch**,
# may not be enough. Go on until a whole epoch passes without a mistake. And because that may never
# happen, stop after `max_epochs` anyway.

# %% [markdown]
# **Exercise 1.4.** Write the class. `fit` starts from zeros, visits the examples in order, corrects
# each mistake at once, and records in `self.mistakes` how many each epoch had (so the list ends in
# 0 if it succeeds). `predict` labels new examples.
#
# Worked case: the points `1` (label +1) and `-1` (label -1) end with `w = [2]`, `b = 0`, and
# `mistakes = [2, 0]`.

# %% exercise="perceptron.training"

# %% [markdown]
# ### Easy and hard data
#
# The same flowers again: once by their petals, once by their sepals (the green leaves below), where
# the two kinds lie much closer together. Both can be separated by a line. Which takes longer, and
# how much longer? Guess before you run the cell.

# %%
sepals = iris.features("sepal length (cm)", "sepal width (cm)")
sepals = sepals.shuffled(np.random.default_rng(3))
easy = Perceptron(max_epochs=1000).fit(X, y)
hard = Perceptron(max_epochs=1000).fit(sepals.X, sepals.signed_labels())
for name, unit in [("petals", easy), ("sepals", hard)]:
    print(f"{name}: {sum(unit.mistakes)} mistakes in {len(unit.mistakes)} epochs")

# %%
viz.mistakes_per_epoch(
    hard.mistakes, title="By sepals, training takes hundreds of epochs, then stops for good"
)

# %% [markdown]
# Why so long? Look at the line that it found, and at how little room there is on either side of it.

# %%
viz.decision_boundary(
    sepals.X,
    sepals.signed_labels(),
    hard.w,
    hard.b,
    margin=True,
    title="By sepals, only a narrow gap is left for the line",
    feature_names=sepals.feature_names,
    class_names=sepals.class_names,
)

# %% [markdown]
# ## 6 · Back to the digits
#
# Now the images. We train on the first two thirds and keep the rest back: the unit never sees them
# until the check. Pixels are divided by 16 so that they lie between 0 and 1.

# %%
cut = len(digits) * 2 // 3
X_train, X_test = digits.X[:cut] / 16, digits.X[cut:] / 16
y_train, y_test = digits.signed_labels()[:cut], digits.signed_labels()[cut:]
print(f"{len(X_train)} images to learn from, {len(X_test)} kept back")

# %% [markdown]
# **Exercise 1.5.** Train a `Perceptron` that tells 0 (label $-1$) from 1 (label $+1$), and call it
# `digit_unit`. The check shows it the images that were kept back: at least 90 % must be right.

# %% exercise="perceptron.digits"
# stub: digit_unit = None  # replace None by your trained unit
digit_unit = Perceptron().fit(X_train, y_train)

# %%
accuracy = np.mean(digit_unit.predict(X_test) == y_test)
print(f"mistakes per epoch: {digit_unit.mistakes}")
print(f"right on {accuracy:.0%} of the images that were kept back")

# %%
viz.weight_image(
    digit_unit.w,
    (8, 8),
    class_names=("zero", "one"),
    title="Ink in the middle speaks for a one, ink around it for a zero",
)

# %% [markdown]
# Nobody told the unit about rings and strokes. It saw 240 images, made four mistakes, and found
# *where* ink matters. That is the step from a rule written by hand to a rule learned from data.

# %% [markdown]
# ## 7 · How long can it take?
#
# On the sepals it took over a thousand mistakes. Could it go on for ever? If some line separates the
# classes, no. Novikoff proved in 1962 that the number of mistakes, over all epochs together, is at
# most
#
# $$\left(\frac{R}{\gamma}\right)^2$$

# %% [markdown]
# Here the bias counts as one more weight, for a feature that is always 1. Then
#
# - $R$ is the length of the longest example: $R = \max_i \sqrt{x_i \cdot x_i + 1}$;
# - $\gamma$ is the **margin**, the distance of the closest example from the boundary:
#   $\gamma = \min_i y_i (w \cdot x_i + b) \,/\, \sqrt{w \cdot w + b^2}$, for any $(w, b)$ that
#   separates the classes.
#
# Long examples can throw the line far off; a narrow margin asks for precision.

# %% [markdown]
# **Exercise 1.6.** Compute the bound for a given line. If the line leaves an example on the wrong
# side or on itself, there is no bound: raise a `ValueError` that says so.
#
# Worked case: the points `1` (label +1) and `-1` (label -1) with `w = [1]`, `b = 0` have
# $R = \sqrt 2$ and $\gamma = 1$, so at most 2 mistakes.

# %% exercise="perceptron.mistake_bound"

# %% [markdown]
# ### The theorem in numbers
#
# We make data whose margin we know, from wide to narrow, train on each, and hold the mistakes that
# happened against the number that is allowed.

# %%
rng = np.random.default_rng(1)
made, allowed = [], []
for margin in [2.0, 1.0, 0.5, 0.2, 0.1, 0.05]:
    blobs = data.blobs(rng, count=200, separation=2 * margin, margin=margin, center=(3.0, 3.0))
    signs = blobs.signed_labels()
    unit = Perceptron(max_epochs=1000).fit(blobs.X, signs)
    made.append(sum(unit.mistakes))
    allowed.append(mistake_bound(blobs.X, signs, np.ones(2), -6.0))  # a line we know
print("mistakes made:", made)
print("every run kept within its bound:", all(m <= a for m, a in zip(made, allowed)))

# %%
viz.mistakes_against_bound(
    made, allowed, title="A narrower margin allows more mistakes; no run makes more than allowed"
)

# %% [markdown]
# All points lie below the line, most of them far below: the bound speaks of the worst order of the
# worst data. What it promises is the thing that matters: **if a line exists, training ends.**

# %% [markdown]
# ## 8 · What if no line exists?
#
# Four points: the label is $+1$ where the two inputs *differ*, and $-1$ where they are equal. This is
# XOR, the exclusive or.

# %%
corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
differ = np.array([-1, 1, 1, -1])

# %%
viz.scatter(
    corners, differ, class_names=("same", "different"), title="XOR: four points, two classes"
)

# %% [markdown]
# **Exercise 1.7, a prediction.** Before you run anything: we train with `max_epochs=1000`. What will
# the list of mistakes look like?
#
# - **a** · Four points are few: 0 within ten epochs.
# - **b** · It falls slowly, and reaches 0 if `max_epochs` is large enough.
# - **c** · It never reaches 0: there are mistakes in every epoch.
# - **d** · The weights grow without limit, until the numbers overflow.
# - **e** · It settles at one mistake per epoch: three of four right is the best there is.
#
# Commit yourself first: your answer is written down before you see what happens.

# %% exercise="perceptron.xor_prediction"
# stub: prediction = None  # "a", "b", "c", "d" or "e"
prediction = "c"

# %%
xor_unit = Perceptron(max_epochs=1000).fit(corners, differ)
print("first epochs:", xor_unit.mistakes[:6], " last epochs:", xor_unit.mistakes[-3:])
print(f"weights after 1000 epochs: {xor_unit.w}, bias {xor_unit.b:g}")

# %% [markdown]
# Four mistakes in every epoch, for ever: the four corrections add up to nothing, and the weights are
# back where they started.
#
# No other rule could get all four right. The labels ask for four things:
#
# $$\begin{aligned} -w_1 + w_2 + b &\ge 0 & w_1 - w_2 + b &\ge 0 \\
# -w_1 - w_2 + b &< 0 & w_1 + w_2 + b &< 0 \end{aligned}$$
#
# Add the first row: $2b \ge 0$. Add the second: $2b < 0$. No numbers satisfy both.

# %% [markdown]
# In 1969 Minsky and Papert worked out how far this reaches: much of what one would like to see in a
# picture is out of reach for a single layer of this kind. Interest in such machines faded for years.
# The way out was known, though: **more than one layer**.

# %% [markdown]
# ## 9 · Two layers, by hand
#
# Put two units side by side; both look at the inputs. A third looks only at what those two say. The
# first pair is a **hidden layer**: it turns the inputs into new features, and the output unit needs
# to separate only those.


# %%
def two_layers(X, W, b, v, c):
    """Label a batch: hidden units with weights W (one row each) and biases b, then one unit."""
    hidden = np.stack([step(weighted_sum(X, W[k], b[k])) for k in range(len(W))], axis=1)
    return step(weighted_sum(hidden, v, c))


# %% [markdown]
# **Exercise 1.8.** Choose the nine numbers so that the net computes XOR, also when an input is off
# by 0.2. `W` has one row per hidden unit, `b` one bias per hidden unit; `v` and `c` belong to the
# output unit.
#
# A start: a unit with weights `[1, 1]` and bias `1` answers "is at least one input $+1$?". What else
# must be asked?

# %% exercise="perceptron.xor_net"
# stub: W = np.array([[0.0, 0.0], [0.0, 0.0]])
# stub: b = np.array([0.0, 0.0])
# stub: v = np.array([0.0, 0.0])
# stub: c = 0.0
# stub: xor_net = (W, b, v, c)
W = np.array([[1.0, 1.0], [-1.0, -1.0]])  # at least one is +1; not both are +1
b = np.array([1.0, 1.0])
v = np.array([1.0, 1.0])  # both hidden units say yes
c = -1.0
xor_net = (W, b, v, c)

# %%
viz.xor_regions(
    lambda X: two_layers(X, *xor_net), title="Two lines and an 'and' between them: XOR is solved"
)

# %% [markdown]
# We chose these weights by hand. Why not learn them? Because the update rule needs to know what was
# wrong with *each unit*, and for a hidden unit nobody says. Nudging its weights does not help to
# find out either: the step function is flat, so a small change of a weight changes nothing at all.
#
# **Lesson 2** replaces the step by functions that have a slope.

# %% [markdown]
# ## Reflect
#
# **Exercise 1.9.** A friend says: "Your perceptron failed on XOR because you did not train it long
# enough. With a million epochs it would get there." What do you answer? Three to six sentences, in
# your own words; a drawing described in words is welcome.

# %% [markdown] exercise="perceptron.reflection"
# More training only helps to find something that exists. The four points of XOR lie crosswise: any
# straight line leaves two of one class on different sides, or one point on the wrong side. In
# numbers: the two +1 points ask for 2b at least 0, and the two -1 points for 2b below 0. The
# convergence theorem says that training ends if a separating line exists, and here that condition
# fails; so the mistakes go round in circles. What helps is another model: a hidden layer makes new
# features (such as "at least one is +1"), and in those features one line is enough.

# %% [markdown]
# ## Go further
#
# - Train on the sepals with the examples in another order (`shuffled` takes a generator). How much
#   does the number of mistakes change? Does the bound?
# - *Versicolor* and *virginica* cannot be separated by a line. Keep the best weights seen so far
#   instead of the last ones: the **pocket** algorithm. How good does it get?
# - Ten digits need ten units: train one for each digit against the rest, and let the highest score
#   win.

# %% [markdown]
# ## Recap
#
# - A unit scores an example by a **weighted sum** and cuts the score with a **step**; with two
#   features the **decision boundary** is a line.
# - It **learns** by adding `y * x` for every mistake. If a line separates the classes, the number of
#   mistakes is at most $(R/\gamma)^2$, so training ends.
# - XOR has no such line. **Two layers** solve it, but the step gives no way to learn them.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - F. Rosenblatt (1958). *The perceptron: a probabilistic model for information storage and
#   organization in the brain.* Psychological Review 65, 386-408.
# - A. B. J. Novikoff (1962). *On convergence proofs on perceptrons.* Symposium on the Mathematical
#   Theory of Automata, 615-622.
# - M. Minsky, S. Papert (1969). *Perceptrons.* MIT Press.
# - Lesson order and notation follow MIT 6.S191, *Introduction to Deep Learning*, lecture 1.
# - Data: Fisher's irises (1936) and the UCI handwritten digits (Alpaydin and Kaynak 1998), as
#   shipped with scikit-learn.
