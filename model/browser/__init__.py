"""The CPU's kernels for the browsers of those who paint on their own devices."""
