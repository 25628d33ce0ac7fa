"""One style vector, learned from one painting."""
