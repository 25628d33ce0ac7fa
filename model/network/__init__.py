"""The function and its file: the paper's network, its rearrangement for speed, and where it is computed."""
