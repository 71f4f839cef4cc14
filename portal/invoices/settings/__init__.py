"""What an organisation settles once for its documents and its arithmetic."""
