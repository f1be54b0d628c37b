"""PDF to blocks on pdfium: characters, rules, lines, order, tables, paragraphs, headings, each in its own file."""
