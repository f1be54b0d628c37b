"""From the blocks of a document to the chunks that are searched."""
