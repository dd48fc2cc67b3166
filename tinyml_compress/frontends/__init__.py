"""From a sensor's values to a model's inputs, in whole numbers."""
