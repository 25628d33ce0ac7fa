"""Training and evaluation: imported by scripts (and by the service's fitting jobs) only."""
