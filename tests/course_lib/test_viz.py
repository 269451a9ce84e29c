"""What a figure says in words is checked to the letter; how it looks was checked by eye."""

import subprocess
import sys
from base64 import b64decode
from io import BytesIO

import matplotlib
import matplotlib.style
import nbclient
import nbformat
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from course_lib import data, viz
from course_lib.perceptron import xor_net
from course_lib.viz.animation import MOST_FRAMES

BLOBS = data.blobs(np.random.default_rng(0), count=40, margin=0.5)
X, Y = BLOBS.X, BLOBS.signed_labels()
W, B = np.array([1.0, 1.0]), 0.0
STATES = [(np.zeros(2), 0.0), (np.array([2.0, 0.5]), 1.0), (W, B)]


def figures() -> dict[str, viz.CourseFigure]:
    digits = data.digits()
    images = digits.X[:5].reshape(-1, 8, 8)
    return {
        "scatter": viz.scatter(X, Y, title="t", lines={"by hand": (W, B)}),
        "boundary": viz.decision_boundary(X, Y, W, B, title="t", margin=True),
        "snapshots": viz.boundary_snapshots(X, Y, STATES, title="t", culprits=[None, 3, 4]),
        "histograms": viz.two_histograms(X[:, 0], Y, threshold=0.5, title="t", xlabel="x1"),
        "gallery": viz.image_gallery(images, list("01234"), title="t", columns=3),
        "weights": viz.weight_image(digits.X[0], (8, 8), title="t"),
        "epochs": viz.mistakes_per_epoch({"a": [3, 1, 0], "b": [5, 0]}, title="t"),
        "bound": viz.mistakes_against_bound([3, 10], [40.0, 1000.0], title="t"),
        "xor": viz.xor_regions(xor_net, title="t"),
    }


def assert_nothing_is_cut_off(figure: viz.CourseFigure) -> None:
    figure.png()
    tight = figure.get_tightbbox()  # inches
    width, height = figure.get_size_inches()
    assert min(tight.x0, tight.y0) >= 0
    assert tight.x1 <= width
    assert tight.y1 <= height


def assert_png_is_light_and_opaque(figure: viz.CourseFigure) -> None:
    png = figure.png()
    picture = Image.open(BytesIO(png)).convert("RGBA")
    assert len(png) < 100_000
    assert picture.getpixel((0, 0)) == (255, 255, 255, 255)
    assert np.asarray(picture)[..., 3].min() == 255


def assert_words_for_what_one_sees(figure: viz.CourseFigure) -> None:
    bundle, metadata = figure._repr_mimebundle_()
    assert set(bundle) == {"image/png", "text/plain"}
    assert metadata == {"image/png": {"alt": figure.alt}}
    assert len(figure.alt.split()) >= 5
    assert figure.alt.endswith(".")
    for words in (bundle["text/plain"], repr(figure), str(figure)):
        assert "0x" not in words
        assert "object at" not in words


FIGURES = figures()
every_figure = pytest.mark.parametrize("name", FIGURES)


def test_the_twin_of_a_figure_says_what_is_drawn() -> None:
    figure = viz.decision_boundary(
        X, Y, W, B, title="A line parts them", feature_names=("width (cm)", "height (cm)"),
        class_names=("cats", "dogs"),
    )  # fmt: skip
    assert str(figure).splitlines() == [
        "Figure: A line parts them",
        "Alt: Scatter plot of height (cm) against width (cm) for cats and dogs, parted by a "
        "straight line; each side is shaded.",
        "Panel: across: width (cm); up: height (cm)",
        "  area: the two sides, shaded",
        "  line: boundary",
        "  20 points: cats",
        "  20 points: dogs",
    ]


def test_the_twin_counts_what_is_on_the_axes_not_what_was_promised() -> None:
    figure = viz.scatter(X, Y, title="t")
    figure.axes[0].collections[0].remove()
    assert str(figure).count("20 points") == 1


@every_figure
def test_every_figure_is_a_light_opaque_png_under_100_kb(name: str) -> None:
    assert_png_is_light_and_opaque(FIGURES[name])


@every_figure
def test_every_figure_has_words_for_what_one_sees_and_no_addresses(name: str) -> None:
    assert_words_for_what_one_sees(FIGURES[name])


@every_figure
def test_no_text_of_a_figure_is_cut_off_at_its_edge(name: str) -> None:
    assert_nothing_is_cut_off(FIGURES[name])


def test_a_legend_of_long_names_breaks_into_rows() -> None:
    names = ("a class with a long name", "another with a name as long")
    film = viz.boundary_animation(
        X, Y, STATES, title="a long title " * 8, culprits=[None, 3, 4], class_names=names
    )
    assert_nothing_is_cut_off(film.last)
    assert_nothing_is_cut_off(
        viz.boundary_snapshots(
            X, Y, STATES, title="t", culprits=[None, 3, 4], class_names=names, columns=2
        )
    )


def test_figures_look_the_same_whatever_style_the_notebook_has_set() -> None:
    plain = viz.scatter(X, Y, title="t").png()
    with matplotlib.style.context("dark_background"):
        assert viz.scatter(X, Y, title="t").png() == plain


def test_the_twin_is_the_same_in_another_process_with_another_hash_seed() -> None:
    code = (
        "import numpy as np; from course_lib import data, viz; "
        "d = data.blobs(np.random.default_rng(0), count=40, margin=0.5); "
        "print(viz.decision_boundary(d.X, d.signed_labels(), np.ones(2), 0.0, title='t'))"
    )
    here = str(viz.decision_boundary(X, Y, W, B, title="t"))
    there = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONHASHSEED": "1", "PATH": "", "MPLBACKEND": "agg"},
    )  # fmt: skip
    assert there.stdout.strip() == here


def test_a_notebook_shows_one_picture_and_its_twin_even_with_pyplot_inline() -> None:
    cells = [
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nimport numpy as np\n"
        "from course_lib import viz\nX, y = np.eye(2), np.array([-1, 1])",
        "viz.scatter(X, y, title='t')",
        "viz.boundary_animation(X, y, [(np.zeros(2), 0.0), (np.ones(2), 0.0)], title='t')",
        "[viz.scatter(X, y, title='t')]",
    ]
    notebook = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    notebook.cells = [nbformat.v4.new_code_cell(c) for c in cells]  # type: ignore[no-untyped-call]
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    figure = viz.scatter(np.eye(2), np.array([-1, 1]), title="t")
    (shown,) = notebook.cells[1].outputs
    assert dict(shown.data) == figure._repr_mimebundle_()[0]  # not IPython's own rendering
    (film,) = notebook.cells[2].outputs
    assert b64decode(film.data["image/png"]).count(b"fcTL") == 2
    assert film.data["text/plain"].startswith("Animation of 2 frames")
    assert notebook.cells[3].outputs[0].data["text/plain"] == "[CourseFigure('t')]"


# -------------------------------------------------------------- points


def test_the_boundary_passes_through_the_points_that_score_zero() -> None:
    w, b = np.array([2.0, -1.0]), 0.5
    line = viz.decision_boundary(X, Y, w, b, title="t").axes[0].lines[0]
    foot = np.array(line.get_xy1())  # type: ignore[attr-defined]
    other = np.array(line.get_xy2())  # type: ignore[attr-defined]
    assert w @ foot + b == pytest.approx(0.0, abs=1e-12)
    assert w @ other + b == pytest.approx(0.0, abs=1e-12)
    assert not np.array_equal(foot, other)


def test_zero_weights_have_no_boundary_and_a_far_one_is_said_to_be_out_of_view() -> None:
    states = [(np.zeros(2), 0.0), (W, 100.0)]
    twin = str(viz.boundary_snapshots(X, Y, states, title="t"))
    assert "Panel: 0 corrections; across: x1; up: x2\n  20 points" in twin
    assert twin.count("note: no boundary yet") == 1
    assert twin.count("note: boundary out of view") == 1


def test_a_margin_needs_a_separating_boundary() -> None:
    with pytest.raises(ValueError, match="a margin needs every point on its own side"):
        viz.decision_boundary(X, Y, -W, B, title="t", margin=True)


def test_classes_differ_in_shape_as_well_as_in_colour() -> None:
    arms = data.spirals(np.random.default_rng(0), count=80, classes=8)
    drawn = viz.scatter(arms.X, arms.y, title="t", class_names=arms.class_names).axes[0].collections
    assert len({dots.get_paths()[0].vertices.tobytes() for dots in drawn}) == 8  # type: ignore[union-attr]
    assert len({dots.get_facecolor().tobytes() for dots in drawn}) == 8  # type: ignore[union-attr]


def test_signed_labels_and_class_numbers_draw_the_same_figure() -> None:
    assert viz.scatter(X, Y, title="t").png() == viz.scatter(X, BLOBS.y, title="t").png()


def test_a_label_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"labels must be -1/\+1 or 0 to 1, got \[0, 1, 2\]"):
        viz.scatter(np.zeros((3, 2)), np.array([0, 1, 2]), title="t")


def test_captions_must_match_the_states() -> None:
    with pytest.raises(ValueError, match="captions must have one entry per state: 3, got 1"):
        viz.boundary_snapshots(X, Y, STATES, title="t", captions=["start"])


def test_the_regions_of_xor_are_what_the_net_answers() -> None:
    shades = viz.xor_regions(xor_net, title="t").axes[0].images[0]
    classes = np.asarray(shades.get_array())
    left, right, low, high = shades.get_extent()
    across, up = np.linspace(left, right, 201), np.linspace(low, high, 201)
    band = np.abs(across[None, :] + up[:, None])  # "different" where |x1 + x2| <= 1
    clear = np.abs(band - 1) > 1e-9  # a grid point on the boundary itself may round either way
    np.testing.assert_array_equal((classes == 1)[clear], (band <= 1)[clear])


# -------------------------------------------------------------- animation


def test_a_film_ends_on_the_picture_that_a_still_viewer_shows() -> None:
    film = viz.boundary_animation(X, Y, STATES, title="t", culprits=[None, 3, 4])
    with Image.open(BytesIO(film.png())) as picture:
        assert picture.info["default_image"] is True
        assert picture.n_frames == 1 + 3  # type: ignore[attr-defined]
        still = np.asarray(picture.convert("RGB"))
        frames = []
        for k in (1, 2, 3):
            picture.seek(k)
            frames.append(np.asarray(picture.convert("RGB")))
    np.testing.assert_array_equal(frames[-1], still)
    assert not np.array_equal(frames[0], still)
    assert tuple(still[0, 0]) == (255, 255, 255)


def test_a_film_is_made_once_it_is_wanted_of_what_it_was_given() -> None:
    points, states = X.copy(), [(w.copy(), b) for w, b in STATES]
    film = viz.boundary_animation(points, Y, states, title="t", culprits=[None, 3, 4])
    points[:], states[2] = 0.0, STATES[0]
    states[1][0][:] = 0.0
    twin, made = str(film), film.png()
    assert made == viz.boundary_animation(X, Y, STATES, title="t", culprits=[None, 3, 4]).png()
    assert film.png() is made
    assert str(film) == twin


def test_a_long_film_is_thinned_out_and_stays_under_300_kb() -> None:
    moons = data.moons(np.random.default_rng(0), count=100)
    turns = np.linspace(0, 3, 90)
    states = [(np.array([np.cos(t), np.sin(t)]), -0.5) for t in turns]
    film = viz.boundary_animation(moons.X, moons.signed_labels(), states, title="t")
    assert film.frames == MOST_FRAMES
    assert len(film.png()) < 300_000
    assert "89 corrections" in str(film)


# -------------------------------------------------------------- charts and images


def test_histograms_count_every_example_once() -> None:
    twin = str(FIGURES["histograms"])
    assert twin.count("histogram of 20 values in 24 bins") == 2
    assert "line: threshold 0.5" in twin


def test_the_curve_of_mistakes_starts_at_epoch_one() -> None:
    curve = FIGURES["epochs"].axes[0].lines[0]
    np.testing.assert_array_equal(curve.get_xydata(), [[1, 3], [2, 1], [3, 0]])


def test_mistakes_against_bound_puts_the_bound_across_and_the_mistakes_up() -> None:
    ax = FIGURES["bound"].axes[0]
    np.testing.assert_array_equal(
        np.asarray(ax.collections[-1].get_offsets()), [[40, 3], [1000, 10]]
    )
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")


def test_log_axes_refuse_a_run_without_mistakes() -> None:
    with pytest.raises(ValueError, match="must pair up and be > 0"):
        viz.mistakes_against_bound([0], [10.0], title="t")


def test_weight_colours_are_symmetric_about_zero() -> None:
    w = np.linspace(-1.0, 3.0, 64)
    picture = viz.weight_image(w, (8, 8), title="t").axes[0].images[0]
    assert picture.get_clim() == (-3.0, 3.0)
    assert picture.cmap(0.5)[:3] == pytest.approx((1.0, 1.0, 1.0), abs=0.01)


def test_a_gallery_needs_a_caption_for_every_image() -> None:
    with pytest.raises(ValueError, match="captions must match the 2 images, got 1"):
        viz.image_gallery(np.zeros((2, 8, 8)), ["one"], title="t")


def test_a_course_figure_is_a_matplotlib_figure() -> None:
    assert isinstance(FIGURES["scatter"], Figure)
