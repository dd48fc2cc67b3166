"""`convert`: a model becomes a .tflite file, and the C files, vectors and manifest that go with it."""
