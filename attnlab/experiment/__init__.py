"""The one room that knows every other: from a config to a trained, scored and drawn model."""
