"""Data sets of the course: small, offline, described.

`iris`, `digits`, `wine` and `breast_cancer` come with scikit-learn; `blobs`, `moons`, `spirals` and
`xor` are drawn from a generator that the caller passes; `python_reference`, `place_names` and
`character_names` are texts that come with Python. `load` downloads larger classics, for those who
want them: no lesson needs it. `split`, `text_split`, `windows` and `batches` portion out all these.
Used from lesson 01.
"""

from course_lib.data.corpora import Corpus, character_names, place_names, python_reference
from course_lib.data.downloads import DOWNLOADS, Download, DownloadError, fetch, load
from course_lib.data.generated import blobs, moons, spirals, xor
from course_lib.data.portions import batches, split, text_split, windows
from course_lib.data.tables import Dataset, breast_cancer, digits, iris, wine

__all__ = [
    "DOWNLOADS",
    "Corpus",
    "Dataset",
    "Download",
    "DownloadError",
    "batches",
    "blobs",
    "breast_cancer",
    "character_names",
    "digits",
    "fetch",
    "iris",
    "load",
    "moons",
    "place_names",
    "python_reference",
    "spirals",
    "split",
    "text_split",
    "windows",
    "wine",
    "xor",
]
