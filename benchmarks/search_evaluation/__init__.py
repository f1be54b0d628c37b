"""How well search finds: questions in English and Chinese, written by hand, over documents made on the spot."""
