"""The pytest plugin of scratchnet: the fixture `gradcheck`.

It stands outside the package, for pytest imports it at every start: this file loads nothing, the fixture does.
"""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from scratchnet.gradcheck.pytest_plugin import Gradcheck


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest) -> "Gradcheck":
    """`gradcheck(layer, inputs)` fails the test, with the report as the message, if a gradient of `layer` is wrong.

    It takes what `scratchnet.gradcheck.check` takes and returns the report; the seed comes from the test's name.
    """
    from scratchnet.gradcheck.pytest_plugin import Gradcheck

    return Gradcheck(request.node.name)
