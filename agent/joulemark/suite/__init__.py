"""The standard task suite as data, with loaders and digests.

`load_suite` returns a suite; `joulemark.suite.published` holds the figures of the 2024 study. Pure: the platform, a
volunteer and a reader use the same code.
"""

from joulemark.suite.errors import (
    BrokenArchive,
    BrokenSuite,
    NotPinned,
    RowsElsewhere,
    SampleTooLarge,
    SuiteError,
    UnknownEntry,
    UnknownSuite,
)
from joulemark.suite.jobs import Job
from joulemark.suite.loader import load_suite, open_suite, read_archive, read_suite, suite_names
from joulemark.suite.lock import weights_digest
from joulemark.suite.rows import Photo, Prompt, Row, Sentence, Text
from joulemark.suite.sampling import Sample
from joulemark.suite.schema import DataSet, Label, Model, Protocol, Resize, Task
from joulemark.suite.suite import Suite, require_pinned

__all__ = [
    "BrokenArchive",
    "BrokenSuite",
    "DataSet",
    "Job",
    "Label",
    "Model",
    "NotPinned",
    "Photo",
    "Prompt",
    "Protocol",
    "Resize",
    "Row",
    "RowsElsewhere",
    "Sample",
    "SampleTooLarge",
    "Sentence",
    "Suite",
    "SuiteError",
    "Task",
    "Text",
    "UnknownEntry",
    "UnknownSuite",
    "load_suite",
    "open_suite",
    "read_archive",
    "read_suite",
    "require_pinned",
    "suite_names",
    "weights_digest",
]
