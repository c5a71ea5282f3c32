"""What was written after the checker had spoken, and so apart from the table of mutants."""

# What the checker states as certain of bugs that their table gives no name, or another one: each sentence was read
# beside the bug's code, and is true of it.
ALSO_TRUE = {
    "conv2d input of one output channel": "overlap",  # only output channel 0 counts, as in `=` for `+=` over them
    "conv2d weight right in one channel": "channels",  # the first filter's gradient is copied to all filters
    "max_pool2d to the first pixel": "mask",  # the gradient goes to another entry than the largest
    "max_pool2d spread": "mask",  # the gradient goes to more entries than the largest
    "batch_norm epsilon outside the root": "factor",  # one factor per channel
    "batch_norm weight omitted": "missing_operand",
    "batch_norm weight sees the input": "output_for_input",  # x where the normalised x is due
    "batch_norm mean of the first sample": "statistics",
    "softmax diagonal only": "statistics",  # the path through the sum is missing
    "mul operands swapped": "wrong_operand",
    "divide square forgotten": "missing_factor",  # too much by a factor of the divisor
    "tanh square forgotten": "missing_factor",  # 1 - y for 1 - y^2: 1 + y is missing
    "relu mask of upstream": "mask",
    "relu without mask": "mask",
    "cumsum forwards": "transpose",
}
