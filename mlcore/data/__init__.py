"""Tables, splits and tensors for the architectures."""
