"""What every test may rely on."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # the suite runs one process a core already


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if os.environ.get("DATA_DIR"):
        return
    skip = pytest.mark.skip(reason="DATA_DIR is not set: no real data sets to read")
    for item in items:
        if "realdata" in item.keywords:
            item.add_marker(skip)
