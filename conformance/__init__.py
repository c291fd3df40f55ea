"""An empirical conformance suite for getting containers inside a Kubernetes pod."""
