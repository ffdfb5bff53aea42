from joulemark.reader.release import open_release as open_release

__all__ = ["__version__", "open_release"]

__version__: str
