"""An answer of NVML's binding taken apart is what its members say, whatever it holds, and another layout is refused."""

from __future__ import annotations

import ctypes

import pynvml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulemark.errors import ReadingMissing
from joulemark.meters.nvml.fields import field_values, number
from tests.laws import law

MEMBERS = ("fieldId", "scopeId", "timestamp", "latencyUsec", "valueType", "nvmlReturn")
FORMS = ("dVal", "uiVal", "ulVal", "ullVal", "sllVal", "siVal", "usVal")
SIZE = ctypes.sizeof(pynvml.c_nvmlFieldValue_t)


@pytest.mark.laws
@law()
@given(content=st.lists(st.binary(min_size=SIZE, max_size=SIZE), max_size=4))
def test_a_field_is_what_the_binding_says_of_it(content: list[bytes]) -> None:
    answer = (pynvml.c_nvmlFieldValue_t * len(content)).from_buffer_copy(b"".join(content))
    fields = field_values(answer)
    assert [field[:-1] for field in fields] == [
        tuple(getattr(one, member) for member in MEMBERS) for one in answer
    ]
    for field, one in zip(fields, answer, strict=True):
        for kind, form in enumerate(FORMS):
            try:
                expected = int(getattr(one.value, form))
            except (OverflowError, ValueError):  # a double that is no number
                with pytest.raises(ReadingMissing, match="not a number"):
                    number(kind, field.value)
            else:
                assert number(kind, field.value) == number(kind, one.value) == expected


@pytest.mark.parametrize("kind", [2**32 - 1, len(FORMS)])
def test_a_type_that_is_not_known_is_no_number(kind: int) -> None:
    with pytest.raises(ReadingMissing, match="unknown type"):
        number(kind, bytes(8))


def test_a_binding_of_another_layout_is_named() -> None:
    with pytest.raises(ReadingMissing, match="pip install --upgrade nvidia-ml-py"):
        field_values((ctypes.c_int64 * 3)())
