"""How good and how dear the conversion of PDF to Markdown is, beside other converters."""
