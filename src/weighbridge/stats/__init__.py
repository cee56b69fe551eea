"""Ground floor: arrays in, statements out. Knows nothing of models."""
