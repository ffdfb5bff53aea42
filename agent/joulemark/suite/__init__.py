"""The standard task suite as data, with loaders and digests.

`load_suite` returns a suite; `joulemark.suite.published` holds the figures of the 2024 study. Pure: the platform, a
volunteer and a reader use the same code.
"""

from joulemark.suite.errors import BrokenSuite, SampleTooLarge, SuiteError, UnknownEntry, UnknownSuite
from joulemark.suite.loader import load_suite, read_suite, suite_names
from joulemark.suite.rows import Photo, Prompt, Row, Sentence, Text
from joulemark.suite.sampling import Sample
from joulemark.suite.schema import DataSet, Job, Label, Model, Protocol, Task
from joulemark.suite.suite import Suite

__all__ = [
    "BrokenSuite",
    "DataSet",
    "Job",
    "Label",
    "Model",
    "Photo",
    "Prompt",
    "Protocol",
    "Row",
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
    "read_suite",
    "suite_names",
]
