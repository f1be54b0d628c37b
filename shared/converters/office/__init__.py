"""Word, PowerPoint and Excel: Open XML archives."""
