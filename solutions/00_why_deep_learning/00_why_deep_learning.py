# %% [markdown]
# # Lesson 0 · Why deep learning
#
# **Who should decide what a machine looks at: you, or the data?**
#
# You will read handwritten digits three times: by a rule, by features that you choose, and by a
# small network that finds its own. You will measure where each breaks, and why the third took over
# when it did.
#
# About 80 minutes. You need Python, a little NumPy, and no mathematics beyond averages.

# %%
import numpy as np

from course_lib import data, viz
from grader import borrow, check, hint, progress

# %% [markdown]
# **How it works.** A notebook is read and run from top to bottom: Shift+Enter runs a cell. An
# *exercise* is a cell to fill in. The cell below it *checks* your answer on fresh inputs and says
# what went wrong; check as often as you like.
#
# Stuck? `hint("why_deep_learning.split")` in a cell of your own gives one more hint each time. After
# the last one you may borrow the course's answer and go on. `progress()` shows how far you are.

# %% [markdown]
# ## 1 · Three ideas, one inside the other
#
# **Artificial intelligence** is the oldest and widest of the three words; it was coined in 1955
# (McCarthy and others). **Machine learning** is a part of it (the name is Samuel's, 1959), and
# **deep learning** a part of that (LeCun, Bengio and Hinton 2015).

# %%
viz.nested_ideas(
    ["Artificial intelligence", "Machine learning", "Deep learning"],
    [
        "A machine does what a person would have to think for: play, plan a route, read.",
        "It was not told how: from examples it found out how much each feature counts.",
        "Nor was it told what to look at: it learned the features too, in layers.",
    ],
    title="Deep learning lies within machine learning, and that within AI",
)

# %% [markdown]
# ### Intelligence without learning
#
# Some matches lie on the table. Two players take one, two or three in turn; whoever takes the last
# one wins. This player tries every move in its head: it can win if some move leaves the other one
# unable to.


# %%
def can_win(matches):
    """Whether the player to move can force a win."""
    return any(not can_win(matches - take) for take in (1, 2, 3) if take <= matches)


# %%
lost = [matches for matches in range(1, 17) if not can_win(matches)]
print("whoever moves now has lost:", lost)

# %% [markdown]
# It never loses a game that can be won, and it found the trick (leave a multiple of four). But it
# saw no example, and a thousand games make it no better. That is AI, and no learning.
#
# In the other two circles something is *learned*: numbers inside the machine change with the
# examples that it sees. A **feature** is one number that describes an example. In machine learning
# as it was done for decades, people choose the features; in deep learning they are learned as well.

# %% [markdown]
# **Exercise 0.1.** Say for each machine the *innermost* circle that it lies in: `"AI"`, `"ML"` or
# `"DL"`.
#
# - `nim`: the player above.
# - `route`: tries roads in a fixed order, until it has proven which way is shortest.
# - `spam`: counts 50 words that experts picked; how much each counts was found from labelled mails.
# - `loan`: age, income and debt go into a tree of questions, grown by a program from past loans.
# - `photo`: layers of weights, all learned from labelled pictures; pixels go in, and nothing else.
# - `speech`: the same, with raw sound in and letters out.

# %% exercise="why_deep_learning.kinds"
# stub: kinds = {
# stub:     "nim": None,  # "AI", "ML" or "DL"
# stub:     "route": None,
# stub:     "spam": None,
# stub:     "loan": None,
# stub:     "photo": None,
# stub:     "speech": None,
# stub: }
kinds = {"nim": "AI", "route": "AI", "spam": "ML", "loan": "ML", "photo": "DL", "speech": "DL"}

# %% [markdown]
# ## 2 · A rule by hand, and how it fails
#
# Here are 1,797 handwritten digits, 8 by 8 pixels each (Alpaydin and Kaynak 1998). A pixel says how
# much ink it holds, from 0 to 16; we divide by 16. The right answer of an image is its **label**.

# %%
digits = data.digits()
images, labels = digits.X.reshape(-1, 8, 8) / 16, digits.y
print(f"{len(images)} images, {np.bincount(labels).min()} or more of each digit")

# %%
viz.image_gallery(
    images[:16],
    [str(label) for label in labels[:16]],
    title="Digits as people write them, 8 by 8 pixels",
)

# %% [markdown]
# Let us write a rule, as for Nim. A zero is a ring: its middle is empty. So look at the four pixels
# in the middle, and say "zero" if they hold hardly any ink.


# %%
def looks_like_zero(images):
    """Whether the four pixels in the middle are (almost) empty."""
    return images[:, 3:5, 3:5].sum(axis=(1, 2)) < 0.4


def report(said):
    """Print how often the rule said zero, and how often that was so."""
    print(f"said zero {said.sum()} times, rightly {said[labels == 0].sum()} times")


# %%
print(f"there are {np.sum(labels == 0)} zeros")
report(looks_like_zero(images))

# %% [markdown]
# Not bad for one line. Now push every image one pixel to the right. You would hardly notice.

# %%
pushed = np.pad(images, ((0, 0), (0, 0), (1, 0)))[:, :, :-1]
report(looks_like_zero(pushed))

# %% [markdown]
# The rule falls apart: it misses every zero there is, and finds zeros where there are none. It never
# knew what a ring is; it knew four pixels. And it is a rule for one digit of ten: nine more to go,
# and each would have to hold for every hand that ever wrote.

# %% [markdown]
# ## 3 · Features by hand, weights by the machine
#
# Second attempt: we say only *what to look at*, and leave it to the machine how much each thing
# counts. What describes a digit? How much ink there is; how much of it is in the upper half, how
# much in the left; and whether the digit is its own mirror image, as 0 and 8 nearly are.

# %% [markdown]
# **Exercise 0.2.** Compute these four features. `images` has the axes image, row, column, with an
# even number of rows and of columns. Return one row per image, with four columns:
#
# 1. *ink*: the sum of the pixels;
# 2. *top*: the share of the ink that is in the upper half;
# 3. *left*: the share of the ink that is in the left half;
# 4. *mirror*: the mean absolute difference between the image and its left-right mirror image.
#
# Worked case: `[[1, 0], [3, 4]]` gives `[8, 0.125, 0.5, 1]`.

# %% exercise="why_deep_learning.features"

# %% [markdown]
# ### Learn from some, judge with others
#
# Whoever has seen the exam beforehand proves nothing by passing it. So we learn from one part of the
# images, the **training set**, and judge with the others, the **validation set**. The machine must
# never see those before.

# %% [markdown]
# **Exercise 0.3.** Keep back `held_out` examples, drawn at random with `rng`. Return `X_train`,
# `y_train`, `X_val`, `y_val`. The order within each set is up to you, but every label must stay with
# its example.
#
# Worked case: 7 examples with `held_out=2` give 5 to learn from and 2 to judge with; each example is
# in one of the two, and in one only. Another `rng` draws others.

# %% exercise="why_deep_learning.split"

# %%
X_train, y_train, X_val, y_val = split(images, labels, 450, np.random.default_rng(0))
print(f"{len(X_train)} images to learn from, {len(X_val)} to judge with")

# %% [markdown]
# ### One scale for all
#
# Ink runs to 30 and more, the shares stay below 1. To a machine that compares images by distance, a
# feature with large numbers is the only one there is. So **standardise**: subtract from each feature
# its mean, and divide by its standard deviation, "std".
#
# Whose mean? That of the training set, for both sets. Mean and std are *learned*, and what is
# learned must not come from the images that we judge with.

# %% [markdown]
# **Exercise 0.4.** Return `X_train` and `X_val`, standardised feature by feature with the mean and
# std of `X_train` (NumPy's `std`, as it comes). Inputs are arrays of shape (examples, features).
#
# Worked case: a feature that is 1, 5 in training has mean 3 and std 2, so 9 in validation becomes 3.
#
# The hard case: a feature that never varies in training has a std of 0. Divide it by 1 instead.

# %% exercise="why_deep_learning.standardise"

# %% [markdown]
# Does it matter? Here is a model from scikit-learn. It calls a new image what most of the five
# training images call themselves that are nearest to it in their features.

# %%
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

F_train, F_val = hand_features(X_train), hand_features(X_val)
S_train, S_val = standardise(F_train, F_val)
as_they_come = KNeighborsClassifier(5).fit(F_train, y_train).score(F_val, y_val)
on_one_scale = KNeighborsClassifier(5).fit(S_train, y_train).score(S_val, y_val)
print(f"one scale for all is better by more than 10 points: {on_one_scale > as_they_come + 0.1}")

# %% [markdown]
# ### Weights that are learned
#
# Now machine learning in the sense of the second circle. The model gives each digit a score: every
# feature times a **weight**, added up. *Training* finds the weights that make the right digit's
# score the highest, as often as it can. (It is called logistic regression; in lesson 1 you build a
# relative of it yourself.)

# %%
weighted = LogisticRegression(max_iter=1000).fit(S_train, y_train)
print(f"{weighted.coef_.size} weights learned: {weighted.coef_.shape[1]} features, 10 digits")

# %% [markdown]
# How good is it? One number is the **accuracy**, the share of labels that are right. More telling is
# the **confusion matrix**: for each true digit a row, that counts what it was taken for.

# %% [markdown]
# **Exercise 0.5.** Return both: the accuracy, and the matrix of counts with the true class down and
# the predicted class across. Labels are whole numbers from 0 to `classes - 1`.
#
# Worked case: true labels `[0, 1, 1]`, predicted `[0, 1, 0]`, two classes: the accuracy is 2/3, the
# matrix `[[1, 0], [1, 1]]`. Mind the classes that never come: they have a row and a column too.

# %% exercise="why_deep_learning.assess"

# %%
accuracy, confusion = assess(y_val, weighted.predict(S_val), 10)
print(f"right on about {round(20 * accuracy) * 5} % of the digits; guessing would give 10 %")

# %%
names = [str(digit) for digit in range(10)]
viz.heat_map(
    confusion,
    title="With four features, many digits are taken for others",
    row_names=names,
    column_names=names,
    ylabel="true digit",
    xlabel="taken for",
    value_label="images",
    numbers=True,
)

# %% [markdown]
# What is on the diagonal is right. Zeros do well; but ones and eights are often taken for zeros, as
# they too are nearly their own mirror images. Find another pair with a large number off the
# diagonal, and draw the two digits. What *else* would you have to measure to tell them apart?

# %% [markdown]
# ### A colleague reports 100 %
#
# A colleague got the same features to read *every* digit. This is the experiment.

# %%
everything, all_labels = np.concatenate([S_train, S_val]), np.concatenate([y_train, y_val])
memory = KNeighborsClassifier(1).fit(everything, all_labels)
print(f"right on {np.mean(memory.predict(everything) == all_labels):.0%}")

# %% [markdown]
# The model calls an image what the nearest stored image is called. It was asked about images that it
# had stored, and the nearest to each was itself. That measures memory.

# %% [markdown]
# **Exercise 0.6.** Do it honestly. `model` has `fit(X, y)`, which trains it, and `predict(X)`, which
# gives one label per row. The rows are ready: do not change them. Train on one set, and return the
# accuracy on the other.
#
# Worked case: if it is right on 3 of 4 validation rows, return 0.75, whatever it does on the
# training rows.

# %% exercise="why_deep_learning.honest_score"

# %%
honest = honest_score(KNeighborsClassifier(1), S_train, y_train, S_val, y_val)
print(f"the colleague's model, on digits that are new to it: below 60 %: {honest < 0.6}")

# %% [markdown]
# ## 4 · What is wrong with features by hand
#
# **They take time.** After some more thought (and looking at what was confused) we have three more
# ideas. From here on, "by hand" means all seven.


# %%
def seven_features(images):
    """The four features, and: upside-down difference, ink in the middle, columns with ink."""
    flipped = np.abs(images - images[:, ::-1]).mean(axis=(1, 2))
    middle = images[:, 3:5, 2:6].sum(axis=(1, 2)) / images.sum(axis=(1, 2))
    width = (images.sum(axis=1) > 0.5).sum(axis=1)
    return np.column_stack([hand_features(images), flipped, middle, width])


class ByHand:
    """Seven features chosen by hand, with learned weights."""

    def fit(self, images, labels):
        self.seen = seven_features(images)
        scaled, _ = standardise(self.seen, self.seen)
        self.model = LogisticRegression(max_iter=1000).fit(scaled, labels)
        return self

    def predict(self, images):
        _, scaled = standardise(self.seen, seven_features(images))
        return self.model.predict(scaled)


# %%
by_hand = ByHand().fit(X_train, y_train)
share = np.mean(by_hand.predict(X_val) == y_val)
print(f"seven features: right on about {round(20 * share) * 5} % of new digits")

# %% [markdown]
# Three more ideas, some twenty points more. People who do this for a living get further, with
# hundreds of carefully designed features (such as those of Dalal and Triggs 2005, for finding people
# in pictures). Each took somebody's time.
#
# **They are brittle.** Here is one digit, changed in ways that do not trouble you for a moment.

# %%
CHANGES = {
    "original": lambda X: X,
    "right": lambda X: np.pad(X, ((0, 0), (0, 0), (1, 0)))[:, :, :-1],
    "down": lambda X: np.pad(X, ((0, 0), (1, 0), (0, 0)))[:, :-1],
    "faint": lambda X: X / 2,
    "noisy": lambda X: np.clip(X + np.random.default_rng(1).normal(0, 0.2, X.shape), 0, 1),
    "inverted": lambda X: 1 - X,
}

# %%
viz.image_gallery(
    np.concatenate([change(images[3:4]) for change in CHANGES.values()]),
    list(CHANGES),
    title="A three stays a three, to us",
)

# %% [markdown]
# To the seven numbers it does not. The model is trained once, on the images as they are, and asked
# about the validation images after each change.


# %%
def accuracies(model):
    """The accuracy of a trained model on the validation images, after each change."""
    return [np.mean(model.predict(change(X_val)) == y_val) for change in CHANGES.values()]


# %%
viz.bar_comparison(
    {name: 100 * share for name, share in zip(CHANGES, accuracies(by_hand))},
    title="Every change breaks the features that we made by hand",
    xlabel="right on new digits (%)",
    reference=10,
    reference_name="guessing",
)

# %% [markdown]
# **They do not scale.** Another question about the same images: is the digit odd or even? Guessing is
# right half the time now. Our features were not made for this, and they carry over only so far. For
# every new task, and for every new kind of input, the thinking starts again.

# %%
odd_by_hand = honest_score(ByHand(), X_train, y_train % 2, X_val, y_val % 2)
print(f"odd or even, by hand: right on about {round(20 * odd_by_hand) * 5} %")

# %% [markdown]
# ## 5 · Features that are learned, in PyTorch
#
# Third attempt. We give the raw pixels to a **network**: layers, each of which makes new features
# from those of the layer below. All weights in all layers are learned together. Nobody says what
# to look at.
#
# It is written in PyTorch, in a few lines. Read them for their outline only. Layers, loss, `backward`
# and the optimiser you will build yourself, from nothing, in lessons 1 to 6; only the sliding
# patches, `Conv2d`, stay PyTorch's.

# %%
import torch
from torch import nn


def make_layers(classes):
    """A small network: 8 by 8 pixels in, a score for each class out."""
    torch.manual_seed(0)  # the weights start at random, but the same for everybody
    return nn.Sequential(
        nn.Conv2d(1, 6, 3), nn.ReLU(),  # 6 features of 3 by 3 pixels, sought everywhere
        nn.Conv2d(6, 12, 3), nn.ReLU(),  # 12 features of those features: 5 by 5 pixels
        nn.Flatten(), nn.Linear(192, 24), nn.ReLU(),  # 24 features of the whole image
        nn.Linear(24, classes),  # a weighted sum for each class, as before
    ).double()  # fmt: skip


# %% [markdown]
# Training shows it 64 images at a time. The *loss* says how wrong it was; `backward` finds out, for
# every weight, in which direction it should move to be less wrong; `step` moves them all a little.


# %%
class Net:
    """A network that learns its features: pixels in, labels out."""

    def __init__(self, classes=10, steps=300):
        self.layers, self.steps = make_layers(classes), steps

    def fit(self, images, labels):
        rng = np.random.default_rng(0)
        optimiser = torch.optim.Adam(self.layers.parameters(), lr=0.01)
        for _ in range(self.steps):
            rows = rng.integers(len(images), size=64)
            scores = self.layers(torch.tensor(images[rows])[:, None])
            loss = nn.functional.cross_entropy(scores, torch.tensor(labels[rows]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        return self

    def predict(self, images):
        with torch.no_grad():
            return self.layers(torch.tensor(images)[:, None]).argmax(dim=1).numpy()


# %%
net = Net().fit(X_train, y_train)
share = np.mean(net.predict(X_val) == y_val)
print(f"weights: {sum(weights.numel() for weights in net.layers.parameters())}")
print(f"right on more than nine of ten new digits: {share > 0.9}")

# %% [markdown]
# The same images, the same split, and most of the mistakes of the features by hand are gone. One
# thought of ours is in it: that small patches matter, wherever they lie. But nothing about ink,
# mirrors or digits. So what about the other task? Change the number of classes, and nothing else.

# %%
odd_by_net = honest_score(Net(classes=2), X_train, y_train % 2, X_val, y_val % 2)
print(f"odd or even, by the net: right on more than 90 %: {odd_by_net > 0.9}")

# %% [markdown]
# ### What did it find?
#
# A unit of the network gives a number, its **activation**, for each patch of an image that it sees.
# To learn what a unit has come to look for, collect the patches that excite it most.
#
# **Exercise 0.7.** `activations` has one row per patch and one column per unit. Return the rows of
# the `count` patches that excite `unit` most, the strongest first.
#
# Worked case: with the column `[0.3, -2, 1.5]` and `count=2`, return `[2, 0]`.

# %% exercise="why_deep_learning.strongest"


# %%
def favourites(depth, size, count=30):
    """For each unit after `depth` layers, the mean of the patches that excite it most."""
    with torch.no_grad():
        maps = net.layers[:depth](torch.tensor(X_train)[:, None]).numpy()
    activations = np.moveaxis(maps, 1, -1).reshape(-1, maps.shape[1])
    patches = np.lib.stride_tricks.sliding_window_view(X_train, (size, size), axis=(1, 2))
    patches = patches.reshape(-1, size, size)
    units = range(activations.shape[1])
    return np.stack([patches[strongest(activations, k, count)].mean(axis=0) for k in units])


# %% [markdown]
# **Low level.** The first layer sees 3 by 3 pixels. Each picture is the average of the 30 patches
# that one unit liked best. (One that likes hardly any ink watches for blank paper.)

# %%
low = favourites(depth=1, size=3)
viz.image_gallery(low, [f"unit {k}" for k in range(6)], title="Low level: edges and corners of ink")

# %% [markdown]
# **Middle level.** The second layer sees the first layer's features, and through them 5 by 5 pixels.
# Its units look for pieces: a bend, an arch, a foot, a crossing.

# %%
middle = favourites(depth=3, size=5)
viz.image_gallery(
    middle,
    [f"unit {k}" for k in range(12)],
    columns=6,
    title="Middle level: bends, arches, feet, crossings",
)

# %% [markdown]
# **High level.** The third layer sees the whole image, as an arrangement of such pieces. Some of its
# units like one digit, others what a few digits have in common. Here are 16 of its 24.

# %%
high = favourites(depth=6, size=8)
viz.image_gallery(
    high[:16],
    [f"unit {k}" for k in range(16)],
    title="High level: whole shapes, some of them nearly digits",
)

# %% [markdown]
# Pixels, strokes, pieces, shapes: nobody asked for this order; it came from making fewer mistakes.
# In networks trained on photographs one finds edges first, then textures and parts, then objects
# (Zeiler and Fergus 2014).
#
# The last features are good ones if the last step, a weighted sum, is easy. So look at them: each
# point below is a new image of a 0, 2, 4 or 7, its 24 high-level features pressed flat onto paper.
# (We look from where the four digits lie farthest apart after training, each time at a spread of 1.)


# %%
def high_level(steps):
    """The 24 high-level features of the validation images after some steps of training."""
    trained = Net(steps=steps).fit(X_train, y_train)  # the same start, stopped earlier
    with torch.no_grad():
        return trained.layers[:7](torch.tensor(X_val)[:, None]).numpy()


# %%
moments = [0, 2, 5, 10, 20, 50, 100, 300]
features_at = [high_level(steps) for steps in moments]
shown = [0, 2, 4, 7]
means = np.stack([features_at[-1][y_val == digit].mean(axis=0) for digit in shown])
view = np.linalg.svd(means - means.mean(axis=0))[2][:2].T  # where the means differ most
rows = np.isin(y_val, shown)
points = [found[rows] @ view for found in features_at]

# %%
viz.stepper(
    [
        viz.scatter(
            (flat - flat.mean(axis=0)) / flat.std(axis=0),
            np.searchsorted(shown, y_val[rows]),
            title="Training pulls the digits apart",
            feature_names=("first direction", "second direction"),
            class_names=[str(digit) for digit in shown],
        )
        for flat in points
    ],
    [f"step {steps}" for steps in moments],
    control="training",
    start=len(moments) - 1,
)

# %% [markdown]
# Move the slider to step 0: the weights are random, and the digits lie in one heap. Ten steps later
# they begin to part. Features in which the answer is easy to see are called a good
# **representation**; here it was learned.

# %% [markdown]
# ### Is the net brittle too?
#
# Yes: it was never shown an inverted digit, and it reads next to none. Learned features do not know
# what they were not shown either. The difference is in the *repair*: we add changed copies of the
# training images, and train again. Not one line of the net changes. The features by hand get the same
# copies.

# %%
X_more = np.concatenate([change(X_train) for change in CHANGES.values()])
y_more = np.tile(y_train, len(CHANGES))
models = {
    "hand-made": by_hand,
    "net": net,
    "hand-made+copies": ByHand().fit(X_more, y_more),
    "net+copies": Net(steps=1200).fit(X_more, y_more),
}
table = np.array([accuracies(model) for model in models.values()])

# %%
viz.heat_map(
    table,
    title="Shown the changes, the net learns them",
    row_names=list(models),
    column_names=list(CHANGES),
    ylabel="model",
    xlabel="what was done to new digits",
    value_label="accuracy",
    numbers=True,
)

# %%
print(f"net, with copies: above 80 % after every change: {table[3].min() > 0.8}")
print(f"by hand, with copies: below 70 % after every change: {table[2].max() < 0.7}")

# %% [markdown]
# The seven features and their weights are not repaired by examples: much of what is needed was
# thrown away before any weight could use it. (With copies they even get worse on the originals.) The
# net is repaired, for changes of the kinds that it was shown. About others nothing follows.

# %% [markdown]
# ### What this does not show
#
# That nothing simpler would do. Take raw pixels, without any features, and let the nearest stored
# image decide:

# %%
pixels = KNeighborsClassifier(1).fit(X_more.reshape(-1, 64), y_more)
nearest = [pixels.score(change(X_val).reshape(-1, 64), y_val) for change in CHANGES.values()]
print(f"nearest stored image: above 95 % after every change: {min(nearest) > 0.95}")
print(f"at least as good as the net everywhere: {bool(np.all(nearest >= table[3]))}")

# %% [markdown]
# On small digits, centred and of one size, storing them all works better than our net. It was on
# large photographs, of 1,000 kinds of objects, that nets left everything else behind: in the contest
# of 2012 a net had the right name among its five guesses for all but 15.3 % of the photographs, the
# best of the others for all but 26.2 % (Krizhevsky and others 2012).
#
# What *is* shown here: features that are learned can do without our ideas, take another task without
# new code, and can be improved by examples. How many examples? To that we come now.

# %% [markdown]
# ## 6 · Why now: data
#
# Nets that learn features are old: in the 1990s one read cheques for banks (LeCun and others 1998).
# Why did they take over only after 2010? Three things had changed.
#
# First, **data**. We train both models on 20, 50, ... up to all training images, three random draws
# for each size, and judge on the validation set.

# %% [markdown]
# **Exercise 0.8, a prediction.** Before you run it: what will the two curves do?
#
# - **a** · By hand is ahead at every size: our knowledge is in it.
# - **b** · By hand is ahead up to a few hundred images, then the net overtakes.
# - **c** · The net is ahead at every size: by hand flattens out below 80 %, the net above 90 %.
# - **d** · Both are nearly flat from 20 images on: the method counts, not the data.
# - **e** · They start far apart, and meet near 100 %: with enough data any method does.
#
# Commit yourself first: your answer is written down before you see what happens.

# %% exercise="why_deep_learning.more_data"
# stub: prediction = None  # "a", "b", "c", "d" or "e"
prediction = "c"


# %%
def mean_accuracy(make, size):
    """The mean accuracy on new digits of models trained on three random draws of images."""
    draws = [np.random.default_rng(k).permutation(len(y_train))[:size] for k in range(3)]
    fitted = [make().fit(X_train[rows], y_train[rows]) for rows in draws]
    return np.mean([np.mean(model.predict(X_val) == y_val) for model in fitted])


# %%
sizes = [20, 50, 100, 200, 400, len(X_train)]
hand_curve = np.array([mean_accuracy(ByHand, size) for size in sizes])
net_curve = np.array([mean_accuracy(lambda: Net(steps=200), size) for size in sizes])
print(f"the net is ahead at every size: {bool(np.all(net_curve > hand_curve))}")
print(
    f"with all images: by hand below 80 %: {hand_curve[-1] < 0.8}, net above 90 %: {net_curve[-1] > 0.9}"
)
print(
    f"from 20 images to all, the net gains more than 30 points: {net_curve[-1] - net_curve[0] > 0.3}"
)

# %%
viz.loss_curves(
    {"net": (sizes, 100 * net_curve), "seven features by hand": (sizes, 100 * hand_curve)},
    title="Features by hand flatten out far below the net",
    xlabel="training images",
    ylabel="right on new digits (%)",
    log_x=True,
    levels={"guessing": 10},
)

# %% [markdown]
# Seven numbers are soon understood. After that more images tell little that is new: what would tell
# a 3 from a 5 is not among them. The net flattens out too, but much higher up. (Would a larger net
# with more data rise further? You measure that in lesson 11.)
#
# And data there was, at last: 70,000 digits in the MNIST set (LeCun and others 1998), 1.2 million
# labelled photographs in the contest of 2012 (Russakovsky and others 2015), 300 billion pieces of
# words for GPT-3 (Brown and others 2020).

# %% [markdown]
# ## 7 · Why now: hardware
#
# All that a net does is multiply and add. So count the multiplications of ours: in a layer, each
# output takes one for every input that it looks at.

# %%
per_image = 6 * 36 * 9 + 12 * 16 * 54 + 24 * 192 + 10 * 24  # outputs times inputs, layer by layer
print(f"{per_image:,} multiplications for one image")
print(f"{300 * 64 * per_image:,} to look at the images of one training run")

# %% [markdown]
# How fast they are done depends on how they are given to the machine. Here is one product of two
# tables of numbers, twice: as loops in Python, number by number, and all at once by NumPy.


# %%
def product_with_loops(A, B):
    """Every entry as a sum of products, one at a time."""
    C = np.zeros((len(A), B.shape[1]))
    rows, columns = A.tolist(), B.T.tolist()
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            C[i, j] = sum(a * b for a, b in zip(row, column))
    return C


def seconds(work, *inputs):
    """The shortest of three runs."""
    from time import perf_counter

    times = []
    for _ in range(3):
        start = perf_counter()
        work(*inputs)
        times.append(perf_counter() - start)
    return min(times)


# %%
A, B = np.random.default_rng(0).normal(size=(2, 150, 150))
ratio = seconds(product_with_loops, A, B) / seconds(np.matmul, A, B)
print(f"the same result: {np.allclose(product_with_loops(A, B), A @ B)}")
print(f"NumPy is more than 30 times as fast: {ratio > 30}")

# %% [markdown]
# Write `ratio` into a cell of your own: on most machines it is in the hundreds or thousands. Nothing
# about the processor changed, only that many multiplications are handed over at once.
#
# Graphics processors carry that on, with thousands of them at a time. In 2009 they made the training
# of a large net up to 70 times faster (Raina, Madhavan and Ng); the net of 2012 trained on two of
# them for five to six days. From about 2010 to 2022 the computation that went into the best-known
# models doubled every six months or so (Sevilla and others 2022).

# %% [markdown]
# ## 8 · Why now: software
#
# Training needs to know, for each weight, whether the loss rises or falls when that weight grows: its
# *derivative*. By nudging one weight after the other, that takes a run of the net per weight. PyTorch
# finds all of them in one go, by backpropagation (Rumelhart and others 1986; lesson 4).


# %%
def loss_of(layers):
    """The loss of a network on the first 100 training images."""
    scores = layers(torch.tensor(X_train[:100])[:, None])
    return nn.functional.cross_entropy(scores, torch.tensor(y_train[:100]))


# %%
layers = make_layers(10)
loss_of(layers).backward()
derivatives = sum(weights.grad.numel() for weights in layers.parameters())
before, found = loss_of(layers).item(), layers[0].weight.grad[0, 0, 1, 1].item()
with torch.no_grad():
    layers[0].weight[0, 0, 1, 1] += 1e-6
nudged = (loss_of(layers).item() - before) / 1e-6
print(f"{derivatives} derivatives from one call of `backward`")
print(f"one of them, found by nudging its weight, is the same: {abs(nudged - found) < 1e-5}")

# %% [markdown]
# For a long time people worked these derivatives out by hand for every new model, and wrote the code
# for them (Baydin and others 2018). With PyTorch (Paszke and others 2019) the whole net is this long:

# %%
import inspect

written = [inspect.getsource(part).splitlines() for part in (make_layers, Net.fit, Net.predict)]
print(f"lines for the net, its training and its predictions: {sum(map(len, written))}")

# %% [markdown]
# Data, hardware and software had to come together: ideas that are older than most of their users
# became something that anybody can try in an afternoon. You just did.
#
# From here on nothing is given. **Lesson 1** starts with a single unit, and lets it learn.

# %% [markdown]
# ## Reflect
#
# **Exercise 0.9.** A clinic has 60 X-ray images of broken wrists and 60 of sound ones, some from the
# same patients, and a radiologist with thirty years of experience. Would you begin with features
# chosen by hand, or let a net learn them? How would you find out which is better, and what would
# change your mind? Four to eight sentences.

# %% [markdown] exercise="why_deep_learning.reflection"
# I would begin with features that the radiologist names (a step in the bone's edge, the angle of the
# joint) and learned weights: 120 images are few, and at the left end of our curves both models were
# poor. But the net was ahead even there, so I would train a small one beside it, and measure. I keep
# back whole patients: images of one patient must not end up on both sides. Weights, means and stds
# come from the training patients only. With thousands of images I expect the net to win, as
# hand-made features flatten out; that would change my mind. With images from another clinic's machine
# I would test both again: neither has been shown those.

# %% [markdown]
# ## Go further
#
# - Beat the net by hand: add features to `seven_features` until it is as good on `X_val`. How long
#   does it take you? (Then ask: after so many looks at `X_val`, is it still new?)
# - Turn the images by 90° (`np.rot90`), a change that nobody trained on. Which model suffers least?
# - Digits of one writer seem to lie together in the file. Train on the first 1,200 images, judge on
#   the others, and compare with the random split. Which of the two is the more honest question?

# %% [markdown]
# ## Recap
#
# - **Deep learning** is **machine learning** that learns its features too; machine learning is **AI**
#   that learns from examples.
# - Features by hand take time, break when the input changes, and do not carry over. Learned ones
#   build up in layers: low, middle and high level.
# - Judge on examples that nothing was learned from: neither weights, nor means and stds.
# - It works now because of **data**, **hardware** and **software**. And on small problems, a simple
#   method may do better.

# %%
progress()

# %% [markdown]
# ## Sources
#
# - J. McCarthy and others (1955), Dartmouth.
# - A. L. Samuel (1959), *IBM Journal*.
# - D. E. Rumelhart and others (1986), *Nature*.
# - Y. LeCun and others (1998), *Proc. IEEE*; (2015), *Nature*.
# - N. Dalal, B. Triggs (2005), CVPR.
# - R. Raina and others (2009), ICML.
# - A. Krizhevsky and others (2012), NIPS.
# - M. D. Zeiler, R. Fergus (2014), ECCV.
# - O. Russakovsky and others (2015), *IJCV*.
# - A. G. Baydin and others (2018), *JMLR*.
# - A. Paszke and others (2019), NeurIPS.
# - T. B. Brown and others (2020), NeurIPS.
# - J. Sevilla and others (2022), IJCNN.
# - Lesson order: MIT 6.S191, lecture 1.
# - Digits: E. Alpaydin, C. Kaynak (1998), UCI.
