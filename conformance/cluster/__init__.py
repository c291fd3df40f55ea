"""What talks to the API server."""
