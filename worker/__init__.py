"""The Celery layer: which stage follows which, one module per stage, and the repair of what was lost."""
