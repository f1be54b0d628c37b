"""EPUB: an archive of chapters in HTML."""
