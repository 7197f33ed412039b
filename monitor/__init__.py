"""A media-monitoring alert daemon."""
