"""Samples of ops that draw random numbers: the same ones at every call."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, chances, seeded

FLAT = "the numbers drawn don't depend on the input in a way that has a derivative"


def drawn(name: str, *inputs: Any, label: str = "", **options: Any) -> Sample:
    """A sample of the random function F.name."""
    return case(name, label, seeded(lambda *xs: getattr(sn.nn.functional, name)(*xs, **options)), *inputs)


SAMPLES: list[Sample] = [
    *[drawn("dropout", (3, 4), p=0.4), drawn("dropout", (2, 3), label="everything", p=1.0)],
    *[drawn(f"dropout{n}d", (2, 3, *[2] * n), p=0.4) for n in (1, 2, 3)],
    *[drawn(name, (2, 4, 2), p=0.4, training=True) for name in ("alpha_dropout", "feature_alpha_dropout")],
    case("feature_dropout", "training", seeded(lambda x: sn.feature_dropout(x, 0.4, True)), (2, 4, 2)),
    drawn("rrelu", (3, 4), label="training", training=True),
    case("bernoulli", "", seeded(sn.bernoulli), chances((3, 4)), orders=1, why=FLAT),
]
