"""The figures of lessons after the first: what is on the axes, and what the twin says."""

import re
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from test_viz import (
    assert_nothing_is_cut_off,
    assert_png_is_light_and_opaque,
    assert_words_for_what_one_sees,
)

from course_lib import data, viz
from course_lib.viz.drawing import FEW, LARGE
from course_lib.viz.grids import visible

RNG = np.random.default_rng(0)
LETTERS = list("the cat\n")
SEEN = np.where(np.tri(8, dtype=bool), 1 / np.arange(1.0, 9.0)[:, None], np.nan)
WALK = np.stack([np.linspace(-1.5, 1, 30), np.linspace(2, 1, 30)], axis=1)


def relu(z: np.ndarray) -> np.ndarray:
    return np.maximum(z, 0.0)


def bowl(points: np.ndarray) -> np.ndarray:
    return points[:, 0] ** 2 + 10 * points[:, 1] ** 2 + 1.0


def figures() -> dict[str, viz.CourseFigure]:
    steps = np.arange(1, 201)
    loss = 2 / steps**0.3
    return {
        "losses": viz.loss_curves(
            {"training": loss, "validation": (steps[19::20], loss[19::20] + 0.1)},
            title="t", smooth=10, levels={"a guess": 2.3},
        ),
        "functions": viz.function_curves(
            {"tanh": np.tanh, "ReLU": relu}, title="t",
            derivatives={"tanh": lambda z: 1 - np.tanh(z) ** 2, "ReLU": lambda z: 1.0 * (z > 0)},
        ),
        "layers": viz.histograms_by_layer(
            {f"layer {k}": np.tanh(k * RNG.normal(size=(50, 20))) for k in (1, 2, 3)},
            title="t", saturated=0.97,
        ),
        "surface": viz.loss_surface(
            bowl, title="t", across=(-2.0, 2.0), up=(-1.0, 3.0), paths={"SGD": WALK},
            minimum=(0.0, 0.0),
        ),
        "attention": viz.heat_map(
            SEEN, title="t", row_names=LETTERS, column_names=LETTERS, ylabel="looks",
            xlabel="is looked at", value_label="weight",
        ),
        "confusion": viz.heat_map(
            np.diag([50, 40, 30]) + 1, title="t", row_names=["cat", "dog", "bird"],
            column_names=["cat", "dog", "bird"], ylabel="true", xlabel="predicted",
            value_label="examples", numbers=True,
        ),
        "scaling": viz.parameter_scaling(
            [1e4, 1e5, 1e6], [4.0, 2.0, 1.0], title="t", held_out=(1e7, 0.52), floor=0.3
        ),
        "roofline": viz.roofline(
            {"copy": (0.1, 250.0), "matmul": (500.0, 50_000.0)}, peak=60_000.0, bandwidth=3_000.0,
            title="t",
        ),
        "bars": viz.bar_comparison(
            {"theirs": 1.0, "ours": 1.24}, title="t", xlabel="speed relative to theirs",
            reference=1.0, reference_name="as fast", spreads={"ours": (1.1, 1.4)}, emphasis="ours",
        ),
        "timeline": viz.timeline({"CPU": [(0.0, 1.0), (5.0, 6.0)], "GPU": [(0.5, 5.0)]}, title="t"),
        "weights": viz.image_gallery(
            RNG.normal(size=(6, 8, 8)), list("abcdef"), title="t", signed=True
        ),
    }  # fmt: skip


FIGURES = figures()
every_figure = pytest.mark.parametrize("name", FIGURES)


@every_figure
def test_every_figure_is_light_and_opaque_described_and_not_cut_off(name: str) -> None:
    assert_png_is_light_and_opaque(FIGURES[name])
    assert_words_for_what_one_sees(FIGURES[name])
    assert_nothing_is_cut_off(FIGURES[name])


@every_figure
def test_every_array_that_is_drawn_is_described(name: str) -> None:
    """All but the thin grey lines at 0, the tints behind histograms, and scales of colours."""
    for ax in FIGURES[name].axes:
        for line in ax.lines:
            assert line.get_gid() or line.get_color() == "#cccccc"
        for picture in [*ax.images, *ax.patches]:
            assert picture.get_gid() or ax.get_label() == "<colorbar>" or name == "layers"
    assert str(FIGURES[name]).count("Panel:") == len(FIGURES[name].axes)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "losses",
            [
                "line: training, every step",
                "line: training (mean of last 10)",
                "line through 10 points: validation",
                "line: a guess",
            ],
        ),
        ("functions", ["line: tanh", "line: ReLU"] * 2),
        ("layers", []),
        (
            "surface",
            [
                "contour lines: equal loss",
                "line through 30 points: SGD",
                "1 point: start of SGD",
                "1 point: minimum",
            ],
        ),
        (
            "scaling",
            [
                "line: fitted to 3 runs",
                "line: extrapolated",
                "3 points: runs",
                "1 point: held-out run",
                "line: floor",
            ],
        ),
        (
            "roofline",
            [
                "line: roof: bandwidth times intensity, and the peak at most",
                "line: ridge, where the two limits meet",
                "1 point: copy",
                "1 point: matmul",
            ],
        ),
        (
            "bars",
            ["bar: theirs", "bar: ours", "line through 2 points: spread of ours", "line: as fast"],
        ),
        ("timeline", ["2 spans: CPU", "1 span: GPU"]),
    ],
)
def test_the_twin_lists_what_is_drawn(name: str, lines: list[str]) -> None:
    listed = re.findall(r"^  (.*)$", str(FIGURES[name]), flags=re.MULTILINE)
    assert [re.sub(r"^\d+ contour", "contour", line) for line in listed] == lines


def test_the_twin_of_a_table_counts_cells_and_masked_ones() -> None:
    assert "8 x 8 image: weight, 28 masked" in str(FIGURES["attention"])
    assert "3 x 3 image: examples" in str(FIGURES["confusion"])
    assert str(FIGURES["layers"]).count("histogram of 1000 values in 50 bins: values") == 3
    assert str(FIGURES["weights"]).count("8 x 8 image: weights") == 6


def test_drawing_them_all_never_loads_pyplot_and_gives_the_same_words_in_another_process() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import test_viz_lessons as t; "
        "assert 'matplotlib.pyplot' not in sys.modules; "
        "print('\\n'.join(map(str, t.FIGURES.values())))"
    )
    there = subprocess.run(
        [sys.executable, "-c", code, __file__.rpartition("/")[0]], capture_output=True, text=True,
        check=True, env={"PYTHONHASHSEED": "1", "PATH": ""},
    )  # fmt: skip
    assert there.stdout.strip() == "\n".join(map(str, FIGURES.values()))


# -------------------------------------------------------------- losses and functions


def test_smoothing_is_the_mean_of_the_last_values_and_the_raw_curve_stays() -> None:
    values = RNG.normal(size=30)
    pale, smooth = viz.loss_curves({"a": values}, title="t", smooth=4).axes[0].lines
    np.testing.assert_array_equal(pale.get_ydata(), values)
    by_hand = [values[max(0, k - 3) : k + 1].mean() for k in range(30)]
    np.testing.assert_allclose(np.asarray(smooth.get_ydata()), by_hand, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(smooth.get_xdata(), np.arange(1, 31))


def test_a_curve_with_steps_of_its_own_is_never_smoothed() -> None:
    figure = viz.loss_curves({"a": ([10.0, 20.0, 40.0], [3.0, 1.0, 2.0])}, title="t", smooth=4)
    (line,) = figure.axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[10, 3], [20, 1], [40, 2]])


def test_a_loss_that_blows_up_ends_and_the_panel_says_where() -> None:
    figure = viz.loss_curves({"lr 10": [2.0, 9.0, np.inf, np.nan]}, title="t", log=True)
    assert "Panel: not finite: lr 10 from step 3;" in str(figure)
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_ydata(), [2, 9, np.nan, np.nan])
    figure.png()


def test_losses_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(ValueError, match=r"logarithmic axis needs values > 0, got -1 in 'a'"):
        viz.loss_curves({"a": [1.0, -1.0]}, title="t", log=True)
    with pytest.raises(ValueError, match=r"got shapes \(2,\) and \(3,\)"):
        viz.loss_curves({"a": ([1.0, 2.0], [1.0, 2.0, 3.0])}, title="t")


def test_a_jump_is_a_gap_and_a_slope_is_not() -> None:
    left, right = (
        viz.function_curves(
            {"step": lambda z: np.where(z >= 0, 1.0, -1.0), "tanh": np.tanh}, title="t"
        )
        .axes[0]
        .lines[2:]
    )
    assert np.isnan(np.asarray(left.get_ydata())).sum() == 1
    assert not np.isnan(np.asarray(right.get_ydata())).any()


def test_function_and_derivative_share_a_colour() -> None:
    one, other = FIGURES["functions"].axes
    for f, df in zip(one.lines[2:], other.lines[2:], strict=True):
        assert f.get_color() == df.get_color()
        assert f.get_linestyle() == df.get_linestyle()
    with pytest.raises(ValueError, match="named as functions are: tanh; got Tanh"):
        viz.function_curves({"tanh": np.tanh}, derivatives={"Tanh": np.tanh}, title="t")


# -------------------------------------------------------------- layers and surfaces


def test_shares_of_saturated_and_of_zero_units_are_counted_on_all_values() -> None:
    layer = np.array([-1.0, -0.98, 0.0, 0.0, 0.5, 0.97, 0.2, 0.0])
    figure = viz.histograms_by_layer({"one": layer}, title="t", saturated=0.97, zeros=True)
    assert figure.axes[0].get_title("right").startswith("38 % saturated, 38 % zero (not drawn)")
    assert "histogram of 5 values in 50 bins: values other than 0" in str(figure)


def test_histograms_of_layers_share_an_axis_and_lose_no_value() -> None:
    layers = {"wide": np.linspace(-5, 5, 100), "narrow": np.zeros(10)}
    figure = viz.histograms_by_layer(layers, title="t", span=(-1.0, 1.0))
    assert {ax.get_xlim() for ax in figure.axes} == {(-1.0, 1.0)}
    assert "histogram of 100 values" in str(figure)
    with pytest.raises(ValueError, match="'a' must hold finite values"):
        viz.histograms_by_layer({"a": np.array([np.nan])}, title="t")


def test_the_height_under_a_point_is_the_loss_there() -> None:
    lines = FIGURES["surface"].axes[0].collections[1]
    for level, parts in zip(lines.levels, lines.get_paths(), strict=True):  # type: ignore[attr-defined]
        # The grid is 1/30 wide and no side of a cell sees the loss bend by more than 20, so a point
        # put on it by a straight line is off by 20 / 8 / 30**2 at most.
        np.testing.assert_allclose(bowl(np.asarray(parts.vertices)), level, rtol=0, atol=0.0028)


def test_a_path_that_leaves_the_view_is_named_and_does_not_widen_it() -> None:
    far = np.array([[0.0, 0.0], [50.0, 0.0]])
    figure = viz.loss_surface(
        bowl, title="t", across=(-1.0, 1.0), up=(-1.0, 1.0), paths={"lr 9": far, "lr 1": far[:1]}
    )
    assert "Panel: leaves the view: lr 9; across: w1" in str(figure)
    assert figure.axes[0].get_xlim() == (-1.0, 1.0)


def test_logarithmic_levels_are_equal_factors() -> None:
    figure = viz.loss_surface(bowl, title="t", across=(-2.0, 2.0), up=(-1.0, 3.0), log=True)
    levels = figure.axes[0].collections[1].levels  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.diff(np.log(levels)), np.log(95) / 11)  # losses from 1 to 95
    with pytest.raises(ValueError, match="need a loss > 0, got 0"):
        viz.loss_surface(
            lambda p: p[:, 0] ** 2, title="t", across=(-2.0, 2.0), up=(-1.0, 3.0), log=True
        )


# -------------------------------------------------------------- tables


def test_numbers_in_cells_are_the_values_and_can_be_read_on_their_colour() -> None:
    table = np.array([[0, 900], [7, 100]])
    ax = viz.heat_map(
        table, title="t", row_names=["a", "b"], column_names=["c", "d"], ylabel="y", xlabel="x",
        value_label="count", numbers=True,
    ).axes[0]  # fmt: skip
    written = {text.get_position(): (text.get_text(), text.get_color()) for text in ax.texts}
    assert written == {
        (1, 0): ("900", "white"),
        (0, 1): ("7", "#222222"),
        (1, 1): ("100", "#222222"),
    }
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "d"]


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        (" the", "␣the"),
        ("\n  ", "↵␣␣"),
        ("", "∅"),
        ("\x00", "U+0000"),
        ("\u4f60", "U+4F60"),
        ("\ufffd", "\ufffd"),
        ("$x_1$", "$x_1$"),
    ],
)
def test_tokens_are_made_visible(token: str, shown: str) -> None:
    assert visible(token) == shown


def test_tokens_are_not_read_as_mathematics() -> None:
    figure = viz.heat_map(
        np.eye(2), title="t", row_names=["$a$", "$\\frac"], column_names=["$b", "^_"], ylabel="y",
        xlabel="x", value_label="v",
    )  # fmt: skip
    figure.png()  # a formula that cannot be parsed raises here
    assert not any(label.get_parse_math() for label in figure.axes[0].get_yticklabels())


def test_a_table_needs_a_name_for_every_row_and_column() -> None:
    with pytest.raises(ValueError, match=r"for each name, \(2, 1\), got \(2, 2\)"):
        viz.heat_map(
            np.eye(2), title="t", row_names=["a", "b"], column_names=["a"], ylabel="", xlabel="",
            value_label="",
        )  # fmt: skip


# -------------------------------------------------------------- log axes and bars


def test_the_line_fitted_to_a_power_law_is_that_law() -> None:
    sizes = np.array([1e3, 1e4, 1e5])
    figure = viz.parameter_scaling(sizes, 5 * sizes**-0.25, title="t", extrapolate_to=1e7)
    fitted, beyond = figure.axes[0].lines
    for line in (fitted, beyond):
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        np.testing.assert_allclose(y, 5 * x**-0.25)
    assert fitted.get_label() == "power law, exponent -0.25"
    assert np.asarray(beyond.get_xdata())[[0, -1]] == pytest.approx([1e5, 1e7])


def test_the_roof_is_the_lower_of_its_two_limits_and_nothing_can_be_above_it() -> None:
    roof = FIGURES["roofline"].axes[0].lines[0]
    x, y = np.asarray(roof.get_xdata()), np.asarray(roof.get_ydata())
    np.testing.assert_allclose(y, np.minimum(60_000, 3_000 * x))
    assert x[1] == 20.0
    wrong = viz.roofline({"too good": (0.1, 301.0)}, peak=60_000.0, bandwidth=3_000.0, title="t")
    assert "Panel: above the roof: too good;" in str(wrong)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: viz.parameter_scaling([1.0, 0.0], [1.0, 2.0], title="t"),
        lambda: viz.roofline({"a": (0.0, 1.0)}, peak=1.0, bandwidth=1.0, title="t"),
        lambda: viz.bar_comparison({"a": 0.0}, title="t", xlabel="x", log=True),
    ],
)
def test_logarithmic_axes_refuse_what_is_not_above_zero(draw: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match="> 0"):
        draw()


def test_bars_are_as_long_as_their_values_and_start_at_the_reference_on_a_log_axis() -> None:
    bars = FIGURES["bars"].axes[0].patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars] == [(0, 1.0), (0, 1.24)]  # type: ignore[attr-defined]
    ax = viz.bar_comparison({"a": 10.0, "b": 0.5}, title="t", xlabel="x", reference=2.0, log=True)
    ends = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in ax.axes[0].patches]  # type: ignore[attr-defined]
    assert ends == [(2, 10), (2, 0.5)]
    with pytest.raises(ValueError, match="names must be among a; got b"):
        viz.bar_comparison({"a": 1.0}, title="t", xlabel="x", emphasis="b")


def test_blocks_of_a_timeline_lie_where_they_start_and_end() -> None:
    blocks = FIGURES["timeline"].axes[0].collections[0].get_paths()
    across = [np.asarray(block.vertices)[:, 0] for block in blocks]
    assert [(float(x.min()), float(x.max())) for x in across] == [(0, 1), (5, 6)]
    with pytest.raises(ValueError, match=r"end after its start, got \(2\.0, 1\.0\) in 'CPU'"):
        viz.timeline({"CPU": [(2.0, 1.0)]}, title="t")


def test_signed_images_are_white_at_zero_each_on_its_own_scale() -> None:
    images = np.stack([np.full((2, 2), -0.5), np.full((2, 2), 3.0)])
    axes = viz.image_gallery(images, ["a", "b"], title="t", signed=True).axes
    assert [ax.images[0].get_clim() for ax in axes] == [(-0.5, 0.5), (-3.0, 3.0)]


# -------------------------------------------------------------- few points, and graphs


def test_a_handful_of_points_is_drawn_larger() -> None:
    corners = data.xor(RNG)
    many = data.xor(RNG, copies=FEW)
    for drawn, size in ((corners, LARGE), (many, 26)):
        figure = viz.scatter(drawn.X, drawn.y, title="t")
        assert {float(dots.get_sizes()[0]) for dots in figure.axes[0].collections} == {size}  # type: ignore[attr-defined]


def test_a_graph_shows_itself_as_mermaid_with_a_twin_in_words() -> None:
    diagram = viz.graph(
        {"a": "a = 2.5", "times": "*", "end": "c\ngrad 1"},
        [("a", "times"), ("a", "times"), ("times", "end", "5.0")],
        title='A product feels "both"', operations=["times"], emphasis=["end"],
    )  # fmt: skip
    bundle = diagram._repr_mimebundle_()
    assert set(bundle) == {"text/vnd.mermaid", "text/plain"}
    assert bundle["text/vnd.mermaid"].splitlines() == [
        "---",
        'title: "A product feels \\"both\\""',
        "---",
        "flowchart LR",
        '  n0["a = 2.5"]',
        '  n1(("#42;"))',
        '  n2["c<br/>grad 1"]',
        "  n0 --> n1",
        "  n0 --> n1",
        '  n1 -- "5.0" --> n2',
        "  classDef emphasis stroke:#D55E00,stroke-width:4px",
        "  class n2 emphasis",
    ]
    assert str(diagram).splitlines() == [
        'Diagram: A product feels "both"',
        "Alt: Graph of 3 nodes and 3 edges.",
        "  a = 2.5 -> *, *",
        "  * -> c grad 1 (5.0)",
        "  c grad 1 [emphasised]",
    ]
    assert repr(diagram) == "CourseDiagram('A product feels \"both\"')"


@pytest.mark.parametrize(
    "label", ['"', "`a`", "<b>", "1. a", "- a", "a --> b", "__a__", "#1;", "%%"]
)
def test_no_label_is_read_as_mermaid(label: str) -> None:
    source = viz.graph({"a": label}, [], title="t").mermaid
    written = re.search(r'n0\["(.*)"\]', source)
    assert written is not None
    assert re.fullmatch(r"(#\d+;|[a-zA-Z0-9 ])*", written[1])
    back = re.sub(r"#(\d+);", lambda code: chr(int(code[1])), written[1])
    assert back == label


def test_a_graph_names_a_key_that_is_no_node() -> None:
    with pytest.raises(ValueError, match="'c' must be among the nodes: a, b"):
        viz.graph({"a": "a", "b": "b"}, [("a", "c")], title="t")
