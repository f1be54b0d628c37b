"""A set of documents made by other producers than the tests use, with exact references: see README.md."""
