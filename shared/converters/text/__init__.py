"""Plain text and what is written in it: Markdown, CSV."""
