"""Reading text from pictures: scanned pages, garbled pages, and the pictures inside documents."""
