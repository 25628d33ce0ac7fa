"""`python -m impasto` is the command `impasto`."""

from impasto.scripts.main import main

main()
