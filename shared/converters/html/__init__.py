"""HTML on lxml: the text that a reader sees, in blocks."""
