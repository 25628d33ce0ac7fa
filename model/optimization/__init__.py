"""Pictures by optimisation: an image is the variable, and gradient descent on it minimises losses of its features."""
