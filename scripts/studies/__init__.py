"""What the authors of Impasto measure: benchmark, design choices, gallery, peers."""
