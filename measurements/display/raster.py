"""A drawing as a picture: an SVG file of our own drawn into a PNG, with the one font that every machine then has."""

from __future__ import annotations

from functools import cache

import font_roboto  # type: ignore[import-untyped]  # it has no types
import resvg_py


@cache
def _fonts() -> list[str]:
    return [str(font_roboto.Roboto), str(font_roboto.RobotoBold)]


def png_of(svg: str, *, scale: int = 1) -> bytes:
    """The picture of a drawing made by `plot_file.svg_file`, with `scale` pixels for each of the drawing's.

    Raises ValueError for what is no SVG.
    """
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg, zoom=scale, font_files=_fonts(), font_family="Roboto", skip_system_fonts=True
        )
    )
