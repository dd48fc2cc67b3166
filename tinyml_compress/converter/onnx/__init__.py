"""ONNX to .tflite: its file read, its layout planned, its operators built in TensorFlow."""
