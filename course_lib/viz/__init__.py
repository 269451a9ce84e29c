"""Every figure of the course: `from course_lib import viz`, then one short call a figure.

Each returns a `CourseFigure` (or a `CourseAnimation`) that shows itself as the last line of a cell.
"""

from course_lib.viz.animation import CourseAnimation, boundary_animation
from course_lib.viz.charts import mistakes_against_bound, mistakes_per_epoch, two_histograms
from course_lib.viz.figure import CourseFigure
from course_lib.viz.images import image_gallery, weight_image
from course_lib.viz.points import (
    boundary_snapshots,
    decision_boundary,
    decision_regions,
    scatter,
    xor_regions,
)

__all__ = [
    "CourseAnimation",
    "CourseFigure",
    "boundary_animation",
    "boundary_snapshots",
    "decision_boundary",
    "decision_regions",
    "image_gallery",
    "mistakes_against_bound",
    "mistakes_per_epoch",
    "scatter",
    "two_histograms",
    "weight_image",
    "xor_regions",
]
