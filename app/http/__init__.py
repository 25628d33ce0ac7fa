"""What HTTP asks of every answer."""
