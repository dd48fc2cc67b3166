"""`compile`: a .tflite file becomes C."""
