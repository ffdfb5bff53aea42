"""What may stand in an address: names, digests and ids of results, and nothing that a database refuses."""

from __future__ import annotations

from django.urls import register_converter

from joulemark.exports.form_names import JSON_FORMS, YAML_FORMS

SHORT_DIGITS = 16
"""First digits of a digest in a short address: one in 2**32 platforms of 2**16 results has two that begin alike."""


class NameConverter:
    """The slug of a task, suite or series: lower-case letters, digits, dots, dashes and underscores."""

    regex = r"[a-z0-9._-]{1,150}"

    def to_python(self, value: str) -> str:
        """The slug as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The slug as it stands in the path."""
        return value


class ReleasePathConverter:
    """The path of a file of releases: words of letters, digits, dots, dashes and underscores, with slashes between."""

    regex = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}"

    def to_python(self, value: str) -> str:
        """The path as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """The path as it stands in the address."""
        return value


class SubjectConverter:
    """A model or data set as its publisher names it, with slashes in it: a line of text."""

    regex = r"[^\x00-\x1f\x7f\x85\u2028\u2029]{1,300}"

    def to_python(self, value: str) -> str:
        """The name as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The name as it stands in the path."""
        return value


class DigestConverter:
    """A SHA-256: 64 lower-case hex digits."""

    regex = "[0-9a-f]{64}"

    def to_python(self, value: str) -> str:
        """The digest as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The digest as it stands in the path."""
        return value


class ResultIdConverter(DigestConverter):
    """A result id, which is the digest of its bundle."""


class ShortResultIdConverter(DigestConverter):
    """The first digits of a result id, as a short address has them."""

    regex = f"[0-9a-f]{{{SHORT_DIGITS}}}"


class CellIdConverter:
    """The key of a cell: suite, data set, model and hardware class by their numbers, grade, scope and stratum."""

    regex = r"[0-9]{1,9}(?:~[0-9]{1,9}){3}~[a-z]{1,10}~[a-z0-9+-]{1,20}~[A-Za-z0-9._+:=-]{1,60}"

    def to_python(self, value: str) -> str:
        """The key as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The key as it stands in the path."""
        return value


class CodeConverter:
    """The code of a rule or a refusal: capitals, digits and dashes."""

    regex = "[A-Z0-9-]{1,60}"

    def to_python(self, value: str) -> str:
        """The code as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The code as it stands in the path."""
        return value


class PlaceConverter:
    """A place in the log: a whole number from 0 on."""

    regex = "0|[1-9][0-9]{0,14}"

    def to_python(self, value: str) -> str:
        """The number as it stands in the path."""
        return value

    def to_url(self, value: str) -> str:
        """The number as it stands in the path."""
        return value


class DeviceTagConverter(DigestConverter):
    """The first digits of a device's tag, which tell the devices of one contributor apart."""

    regex = f"[0-9a-f]{{{SHORT_DIGITS}}}"


class JsonExportConverter(NameConverter):
    """A form of an export that is written in JSON."""

    regex = "|".join(JSON_FORMS)


class YamlExportConverter(NameConverter):
    """A form of an export that is written in YAML."""

    regex = "|".join(YAML_FORMS)


class PlotFormConverter(NameConverter):
    """A form of a plot as a file: drawing, picture, or the card of a page."""

    regex = r"svg|png|card\.png"


register_converter(CellIdConverter, "cell_id")
register_converter(CodeConverter, "code")
register_converter(DigestConverter, "digest")
register_converter(DeviceTagConverter, "device_tag")
register_converter(NameConverter, "name")
register_converter(PlotFormConverter, "plot_form")
register_converter(PlaceConverter, "place")
register_converter(ResultIdConverter, "result_id")
register_converter(ReleasePathConverter, "release_path")
register_converter(JsonExportConverter, "json_export")
register_converter(YamlExportConverter, "yaml_export")
register_converter(SubjectConverter, "subject")
register_converter(ShortResultIdConverter, "short_result_id")
