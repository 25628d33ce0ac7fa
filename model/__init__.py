"""The mathematics of Impasto: network, styles, losses, pictures. Knows no HTTP and no environment."""
