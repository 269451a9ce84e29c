"""A GPT trained from nothing by the course's own engine: NumPy, two CPU cores, under ten minutes.

Trains on the Python language reference as this Python ships it, character by character; then writes
some text. `python -m benchmarks language_model` keeps the loss curve and the text in docs.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from threadpoolctl import threadpool_limits

from course_lib import data, nn, optim, viz
from course_lib.tensor import no_grad
from course_lib.text import CharTokenizer

DOCS = Path(__file__).parents[1] / "docs"
MINUTES = 10.0
PROMPT = "The "
ALPHABET_LOSS = "knowing only how frequent each character is"


@dataclass(frozen=True)
class Run:
    """What is trained, and how."""

    steps: int = 4000
    batch: int = 16
    lr: float = 3e-3
    warmup: int = 200
    evaluate_every: int = 250
    threads: int = 2
    seed: int = 0


@dataclass
class Story:
    """What happened: losses in nats a character, the time, and the text it writes."""

    parameters: int
    seconds: float
    train: list[float]
    held_out: dict[int, float]
    frequencies: float
    text: str = ""
    run: Run = field(default_factory=Run)


def tell(run: Run) -> Story:
    """Train on nine tenths of the text, judge on the rest, and write."""
    corpus = data.python_reference()
    tokenizer = CharTokenizer(corpus.text)
    ids = np.array(tokenizer.encode(corpus.text))
    train_ids, held_out_ids = data.text_split(ids, 0.1)
    rng = np.random.default_rng(run.seed)
    config = nn.GPTConfig(len(tokenizer), context_length=64, d_model=128, num_heads=4, num_layers=4)
    net = nn.GPT(config, rng=rng)
    adam = optim.AdamW(net.parameters(), lr=run.lr, betas=(0.9, 0.95), weight_decay=0.1)
    schedule = optim.LambdaLR(adam, optim.warmup_cosine(run.warmup, run.steps, min_factor=0.05))
    inputs, targets = data.windows(train_ids, config.context_length)
    story = Story(net.num_parameters(), 0.0, [], {}, entropy(held_out_ids, train_ids), run=run)
    started = time.perf_counter()
    with threadpool_limits(run.threads):
        for step in track(range(run.steps), description="training"):
            rows = rng.integers(len(inputs), size=run.batch)
            _, loss = net(inputs[rows], targets[rows])
            adam.zero_grad()
            loss.backward()
            optim.clip_grad_norm_(net.parameters(), 1.0)
            adam.step()
            schedule.step()
            story.train.append(loss.item())
            if (step + 1) % run.evaluate_every == 0:
                story.held_out[step + 1] = judge(net, held_out_ids)
        story.seconds = time.perf_counter() - started
        start = np.array([tokenizer.encode(PROMPT)])
        written = net.generate(start, 700, temperature=0.7, rng=np.random.default_rng(1))
    story.text = tokenizer.decode(written.data[0])
    return story


def judge(net: nn.GPT, ids: np.ndarray, most: int = 512) -> float:
    """The mean loss on stretches of a text that do not overlap, evenly spread over it."""
    inputs, targets = data.windows(ids, net.config.context_length, step=net.config.context_length)
    shown = np.linspace(0, len(inputs) - 1, min(most, len(inputs))).astype(int)
    with no_grad():
        losses = [net(inputs[rows], targets[rows])[1].item() for rows in np.array_split(shown, 16)]
    return float(np.mean(losses))


def entropy(ids: np.ndarray, known: np.ndarray) -> float:
    """The loss of a model that knows how frequent each character is, and nothing else."""
    counts = np.bincount(known, minlength=ids.max() + 1) + 1
    return float(-np.log(counts / counts.sum())[ids].mean())


def measure(run: Run = Run(), docs: Path = DOCS) -> dict[str, Any]:
    """Train, and keep the curve, the text and the figures in docs."""
    story = tell(run)
    keep(story, docs)
    last = story.held_out[max(story.held_out)]
    in_time = story.seconds < 60 * MINUTES
    row = {
        "parameters": f"{story.parameters:,}",
        "steps": run.steps,
        "threads": run.threads,
        "minutes": round(story.seconds / 60, 1),
        "held-out loss": round(last, 3),
        "bits a character": round(last / math.log(2), 2),
        "by frequencies": round(story.frequencies, 3),
    }
    return {
        "title": "A GPT trained by the NumPy engine on the Python reference (nats a character)",
        "rows": [row],
        "verdict": f"under {MINUTES:.0f} minutes: {in_time}\n\n{story.text}",
        "run": asdict(run),
        "reached": in_time and last < story.frequencies,
    }


def keep(story: Story, docs: Path) -> None:
    """Write the figure and the page that shows it."""
    million = story.parameters / 1e6
    figure = viz.loss_curves(
        {
            "training": story.train,
            "held-out": (np.array(list(story.held_out)), np.array(list(story.held_out.values()))),
        },
        title=f"A GPT of {million:.1f} million parameters learns the Python reference",
        ylabel="loss (nats a character)",
        smooth=50,
        levels={ALPHABET_LOSS: story.frequencies},
        top=3.5,
    )
    (docs / "images").mkdir(parents=True, exist_ok=True)
    (docs / "images" / "language_model.png").write_bytes(figure.png())
    last = max(story.held_out)
    page = PAGE.format(
        million=f"{million:.2f}",
        minutes=f"{story.seconds / 60:.1f}",
        threads=story.run.threads,
        characters=f"{story.run.steps * story.run.batch * 64 / 1e6:.1f}",
        loss=f"{story.held_out[last]:.2f}",
        frequencies=f"{story.frequencies:.2f}",
        alt=figure.alt,
        text=story.text,
    )
    (docs / "language_model.md").write_text(page, encoding="utf-8")


PAGE = """# A language model from nothing

`python -m benchmarks language_model` writes this page. It trains a GPT of {million} million
parameters with `course_lib` alone (NumPy, {threads} CPU threads): 4 layers, 128 wide, 4 heads,
a context of 64 characters. The text is the Python language reference that ships with Python, nine
tenths of it to learn from.

The run took {minutes} minutes and saw {characters} million characters. On the part that was held
out the loss ended at {loss} nats a character; knowing only how frequent each character is gives
{frequencies}.

![{alt}](images/language_model.png)

What it writes after "The " (temperature 0.7):

```text
{text}
```
"""
