"""A slider over figures: the learner moves it, and sees what one number changes.

Works without a kernel, so also in a notebook that is only read. Where nothing may run (an untrusted
notebook, paper), one figure stays as a picture.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from html import escape
from io import BytesIO

from PIL import Image

from course_lib.viz.figure import DPI, CourseFigure, display_bundle

COLOURS_KEPT = 128  # of some thousands, nearly all of them shades at the edges of letters
MOST_STEPS = 60

# Arrow keys are the slider's: JupyterLab would take them for its own.
_HTML = """<div class="course-stepper" style="max-width: {width}px"
 onkeydown="event.stopPropagation()" data-lm-suppress-shortcuts="true">
<label style="display: flex; gap: 10px; align-items: center; font-family: sans-serif">
<span>{control}</span>
<input type="range" min="0" max="{last}" value="{start}" step="1" style="flex: 1" {on_input}>
<output style="min-width: {label_width}ch">{label}</output>
</label>
{pictures}
</div>"""
# An attribute rather than a script: it needs no id, so a figure can be shown any number of times.
_ON_INPUT = (
    "const box = this.closest('.course-stepper'), at = Number(this.value); "
    "box.querySelectorAll('img').forEach((picture, i) => { "
    "picture.style.display = i === at ? 'block' : 'none'; "
    "if (i === at) this.nextElementSibling.value = picture.dataset.label; });"
)


class CourseStepper:
    """Figures of one size, one for each position of a slider."""

    def __init__(
        self, figures: Sequence[CourseFigure], labels: Sequence[str], control: str, start: int
    ) -> None:
        """Keep the figures, the words for each position, the slider's name and first position."""
        self.figures, self.labels = tuple(figures), tuple(labels)
        self.control, self.start = control, start

    @property
    def shown(self) -> CourseFigure:
        """The figure that is seen before anybody moves the slider."""
        return self.figures[self.start]

    def html(self) -> str:
        """Return the slider with its pictures, complete in itself."""
        pictures = "".join(
            f'<img src="data:image/png;base64,{b64encode(_small(figure)).decode("ascii")}" '
            f'data-label="{escape(label)}" alt="{escape(figure.alt)}" '
            f'style="display: {"block" if i == self.start else "none"}; max-width: 100%">'
            for i, (figure, label) in enumerate(zip(self.figures, self.labels, strict=True))
        )
        return _HTML.format(
            width=round(self.shown.get_figwidth() * DPI),
            pictures=pictures,
            control=escape(self.control),
            last=len(self.figures) - 1,
            start=self.start,
            on_input=f'oninput="{escape(_ON_INPUT)}"',
            label=escape(self.labels[self.start]),
            label_width=max(map(len, self.labels)),
        )

    def describe(self) -> str:
        """Say in words what the slider sets, its positions, and what is seen at the first."""
        positions = ", ".join(self.labels)
        return f"Slider for {self.control}: {positions}\n{self.shown.describe()}"

    def __repr__(self) -> str:
        """Name the slider by what it sets."""
        return f"CourseStepper({self.control!r}, {len(self.figures)} figures)"

    def __str__(self) -> str:
        """Print as the twin in words."""
        return self.describe()

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        """Give Jupyter the slider, one picture for where it cannot run, and the twin in words."""
        data, metadata = display_bundle(self.shown.png, self.describe(), self.shown.alt)
        return {"text/html": self.html(), **data}, metadata


def stepper(
    figures: Sequence[CourseFigure], labels: Sequence[str], *, control: str, start: int = 0
) -> CourseStepper:
    """A slider that shows one figure for each of its positions.

    labels say what each position stands for ("0.1", "step 3"), control what the slider sets. The
    axes are given limits that suit all figures, so that only what changes is seen to move.

    Raises:
        ValueError: fewer than two or too many figures, not one label each, unlike sizes, or a
            start that is no position.
    """
    figures = list(figures)
    if not 2 <= len(figures) <= MOST_STEPS:
        raise ValueError(f"2 to {MOST_STEPS} figures are required, got {len(figures)}")
    if len(labels) != len(figures):
        raise ValueError(f"one label a figure is required: {len(figures)}, got {len(labels)}")
    sizes = {tuple(figure.get_size_inches()) for figure in figures}
    if len(sizes) > 1:
        raise ValueError(f"figures of one size are required, got {sorted(sizes)}")
    if not 0 <= start < len(figures):
        raise ValueError(f"start must be a position from 0 to {len(figures) - 1}, got {start}")
    _share_limits(figures)
    return CourseStepper(figures, labels, control, start)


def _share_limits(figures: Sequence[CourseFigure]) -> None:
    """Let every panel reach as far as the widest of its kind; figures of other panels are left."""
    if len({len(figure.axes) for figure in figures}) > 1:
        return
    for panels in zip(*(figure.axes for figure in figures), strict=True):
        for limits, set_limits in (("get_xlim", "set_xlim"), ("get_ylim", "set_ylim")):
            low, high = zip(*(getattr(panel, limits)() for panel in panels), strict=True)
            if all(a < b for a, b in zip(low, high, strict=True)):  # an image counts downwards
                for panel in panels:
                    getattr(panel, set_limits)(min(low), max(high))


def _small(figure: CourseFigure) -> bytes:
    """Render with few colours: a third of the bytes, and no difference that can be seen."""
    picture = Image.open(BytesIO(figure.png())).convert("RGB")
    few = picture.quantize(COLOURS_KEPT, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    buffer = BytesIO()
    few.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()
