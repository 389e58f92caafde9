"""Other engines than torch for a trained model: ONNX Runtime and CTranslate2."""

FORMATS = ("onnx", "ctranslate2")
"""Formats of exported models."""

ENGINES = {"onnxruntime": "onnx", "ctranslate2": "ctranslate2"}
"""The format that each engine reads."""

PRECISIONS = ("float32", "float16", "int8")
"""Types of an exported model's weights."""
