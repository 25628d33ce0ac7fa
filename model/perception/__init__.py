"""What is compared: the loss network, losses, spectra."""
