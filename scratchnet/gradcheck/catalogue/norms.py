"""Samples of normalization: by batch, by layer, by group, by instance, of vectors."""

from typing import Any

import scratchnet as sn
from scratchnet.gradcheck.catalogue.sample import Sample, case, fixed, op, positive

IMAGE, C = (3, 2, 2, 2), (2,)


def batch_norm(training: bool, **options: Any) -> Any:
    """batch_norm with running statistics of its own at every call."""

    def call(x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None) -> Any:
        return sn.nn.functional.batch_norm(x, mean.clone(), var.clone(), weight, bias, training, **options)

    return call


def instance_norm(use_input_stats: bool) -> Any:
    """instance_norm with running statistics of its own at every call."""

    def call(x: Any, mean: Any, var: Any, weight: Any, bias: Any) -> Any:
        return sn.nn.functional.instance_norm(x, mean.clone(), var.clone(), weight, bias, use_input_stats)

    return call


RUNNING = (fixed(C), fixed(positive(C)))

SAMPLES: list[Sample] = [
    case("batch_norm", "training", batch_norm(True), IMAGE, *RUNNING, C, C),
    case("batch_norm", "training, no weight, momentum", batch_norm(True, momentum=0.3), (4, 2), *RUNNING),
    case("batch_norm", "evaluation", batch_norm(False), IMAGE, *RUNNING, C, C),
    case("batch_norm", "evaluation, no weight", batch_norm(False, eps=0.1), (2, 2, 3), *RUNNING),
    op("layer_norm", (2, 3, 4), args=((4,),)),
    case("layer_norm", "weight, bias", lambda x, w, b: sn.layer_norm(x, (3, 2), w, b), (2, 3, 2), (3, 2), (3, 2)),
    case("group_norm", "weight, bias", lambda x, w, b: sn.group_norm(x, 2, w, b), (2, 4, 3), (4,), (4,)),
    op("group_norm", (2, 4, 2, 2), args=(2,)),
    op("instance_norm", (2, 2, 4)),
    case("instance_norm", "weight, bias", instance_norm(True), (2, 2, 2, 2), *RUNNING, C, C),
    case("instance_norm", "evaluation", instance_norm(False), (2, 2, 3), *RUNNING, C, C),
    op("rms_norm", (2, 3, 4), args=((4,),)),
    case("rms_norm", "weight", lambda x, w: sn.rms_norm(x, (3, 2), w, eps=0.1), (2, 3, 2), (3, 2)),
    op("local_response_norm", (2, 4, 3), args=(3,), alpha=0.5),
    op("local_response_norm", (1, 3, 2, 2), args=(2,), alpha=1.0, beta=0.5, k=2.0),
    *[op("normalize", (3, 4), p=p, dim=dim) for p, dim in ((2.0, 1), (1.0, 0), (3.0, 1))],
    op("normalize", (2, 3, 2), dim=-1),
]
