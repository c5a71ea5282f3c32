"""Derivatives by differences and by the complex step, with the error of each, beside those that backward gives."""
