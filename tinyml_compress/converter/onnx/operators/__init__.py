"""The operators of ai.onnx in TensorFlow: each file ends with `OPERATORS`, by name."""
