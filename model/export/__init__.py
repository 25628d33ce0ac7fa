"""The network and its styles as files for other programs and devices."""
