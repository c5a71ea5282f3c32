"""A report as a page, with the error drawn on the tensor."""
