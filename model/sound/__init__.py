"""One sound in the manner of another, by optimisation: the waveform is the variable."""
