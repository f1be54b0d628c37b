"""Who may do what: API keys, and whose records a caller sees."""
