"""The stages of a document, one module each.

A stage is a plain function over stores and plug-ins: it reads its input artifact, writes its output artifact under a
name made of the content, and returns what the next stage needs to know. It knows neither Celery nor MongoDB, so it can
be called by itself. A stage whose output is there already returns at once.
"""
