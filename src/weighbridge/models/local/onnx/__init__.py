"""Models run by ONNX Runtime, without PyTorch."""
