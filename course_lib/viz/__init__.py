"""Every figure of the course: `from course_lib import viz`, then one short call a figure.

Each returns a `CourseFigure`, or a `CourseAnimation` or `CourseDiagram`, that shows itself as the
last line of a cell.
"""

from course_lib.viz.animation import CourseAnimation, boundary_animation
from course_lib.viz.backprop import backprop_steps, expression_graph
from course_lib.viz.bars import bar_comparison, timeline
from course_lib.viz.broadcasting import broadcasting
from course_lib.viz.charts import (
    histograms_by_layer,
    mistakes_against_bound,
    mistakes_per_epoch,
    two_histograms,
)
from course_lib.viz.curves import function_curves, loss_curves
from course_lib.viz.diagrams import CourseDiagram, graph
from course_lib.viz.figure import CourseFigure
from course_lib.viz.grids import heat_map
from course_lib.viz.images import image_gallery, weight_image
from course_lib.viz.memory import thread_accesses, thread_accesses_text
from course_lib.viz.nesting import nested_ideas
from course_lib.viz.phases import phase_frames
from course_lib.viz.points import (
    boundary_snapshots,
    decision_boundary,
    decision_regions,
    scatter,
    xor_regions,
)
from course_lib.viz.scaling import parameter_scaling, roofline
from course_lib.viz.stepper import CourseStepper, stepper
from course_lib.viz.surfaces import loss_surface
from course_lib.viz.unit_losses import unit_on_surface

__all__ = [
    "CourseAnimation",
    "CourseDiagram",
    "CourseFigure",
    "CourseStepper",
    "backprop_steps",
    "bar_comparison",
    "boundary_animation",
    "boundary_snapshots",
    "broadcasting",
    "decision_boundary",
    "decision_regions",
    "expression_graph",
    "function_curves",
    "graph",
    "heat_map",
    "histograms_by_layer",
    "image_gallery",
    "loss_curves",
    "loss_surface",
    "mistakes_against_bound",
    "mistakes_per_epoch",
    "nested_ideas",
    "parameter_scaling",
    "phase_frames",
    "roofline",
    "scatter",
    "stepper",
    "thread_accesses",
    "thread_accesses_text",
    "timeline",
    "two_histograms",
    "unit_on_surface",
    "weight_image",
    "xor_regions",
]
