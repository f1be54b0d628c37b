"""The HTTP layer: validate, call one function of `shared`, shape the answer."""
