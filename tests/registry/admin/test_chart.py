"""What is written beside an axis."""

import pytest

from registry.admin.parts.chart import labelled


@pytest.mark.parametrize(
    ("ticks", "labels"),
    [
        ([0.0, 1e-4, 2e-4], ["0", "1×10⁻⁴", "2×10⁻⁴"]),
        ([1e-4, 1.5e-4], ["1×10⁻⁴", "1.5×10⁻⁴"]),
        ([1.0001, 1.0002], ["1.0001", "1.0002"]),
        ([10.0, 100.0, 250_000.0], ["10", "100", "2.5×10⁵"]),
        ([], []),
    ],
)
def test_labels_are_brief_and_tell_ticks_apart(ticks, labels):
    assert [label for _, label in labelled(ticks)] == labels
