"""What the API and the workers share: models, errors, repositories and the plug-ins. Knows nothing of HTTP."""
