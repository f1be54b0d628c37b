"""Amazon Bedrock: its client and its errors."""
