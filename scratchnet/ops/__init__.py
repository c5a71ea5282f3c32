"""The operations: each file holds Ops, forward beside backward, and the public functions under them."""
