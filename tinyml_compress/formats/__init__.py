"""File formats as they lie on disk, decoded within bounds and judged by nobody yet: the .tflite file and its
schema.
"""
