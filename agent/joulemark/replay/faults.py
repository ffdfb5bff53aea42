"""What a replay reports of a release before it goes on with the next part.

All else ends it, such as a lost connection or a library that is missing: the part is not done, and a replay that is
started again repeats it.
"""

from __future__ import annotations

import tarfile

from joulemark.reader.errors import FILE_FAULTS
from joulemark.record.errors import RecordError

NOT_READ = (*FILE_FAULTS, OSError)
"""A file is not in the folder, is another one, or cannot be read from it."""

UNREADABLE = (*NOT_READ, RecordError, tarfile.TarError, ValueError, LookupError, TypeError, AttributeError)
"""Or its content is not what the format says: a value of another kind, or none where there must be one."""
